/**
 * A large message as the bytes of a WebSocket frame (RFC 6455, section 5.2), its payload left where it is.
 *
 * `ws` masks a client's message into a copy, byte by byte. Here it is masked in place, four bytes at a time: a stream sends
 * megabytes from the same two buffers, and neither the copies nor what collecting them costs is needed.
 */
import { randomFillSync } from 'node:crypto';

const FIN_BINARY = 0x82;
const MASKED = 0x80;
/** In place of a length: it follows in 16, or 64, bits. */
const LENGTH_16 = 126;
const LENGTH_64 = 127;
const MASK_BYTES = 4;

/** What comes before the payload: the frame's header and the message's `head`. Masks both and `payload`, when `masked`. */
export function dataFrame(head: Uint8Array, payload: Uint8Array, masked: boolean): Buffer {
  const length = head.byteLength + payload.byteLength;
  const lengthBytes = length < LENGTH_16 ? 0 : length < 0x10000 ? 2 : 8;
  const maskAt = 2 + lengthBytes;
  const headAt = maskAt + (masked ? MASK_BYTES : 0);
  const frame = Buffer.allocUnsafe(headAt + head.byteLength);
  frame[0] = FIN_BINARY;
  frame[1] = (masked ? MASKED : 0) | (lengthBytes === 0 ? length : lengthBytes === 2 ? LENGTH_16 : LENGTH_64);
  if (lengthBytes === 2) frame.writeUInt16BE(length, 2);
  if (lengthBytes === 8) frame.writeBigUInt64BE(BigInt(length), 2);
  frame.set(head, headAt);
  if (!masked) return frame;
  const mask = randomFillSync(frame.subarray(maskAt, headAt));
  maskInPlace(frame.subarray(headAt), mask, 0);
  maskInPlace(payload, mask, head.byteLength);
  return frame;
}

/** `from`: where in the message the bytes begin. */
function maskInPlace(bytes: Uint8Array, mask: Uint8Array, from: number): void {
  const turned = Uint8Array.from([0, 1, 2, 3], (at) => mask[(from + at) % MASK_BYTES] ?? 0);
  const aligned =
    bytes.byteOffset % MASK_BYTES === 0 ? bytes.byteLength - (bytes.byteLength % MASK_BYTES) : 0;
  const words = new Uint32Array(bytes.buffer, aligned > 0 ? bytes.byteOffset : 0, aligned / MASK_BYTES);
  const word = new Uint32Array(turned.buffer)[0] ?? 0;
  for (let at = 0; at < words.length; at += 1) words[at] = (words[at] ?? 0) ^ word;
  for (let at = aligned; at < bytes.byteLength; at += 1)
    bytes[at] = (bytes[at] ?? 0) ^ (turned[at % MASK_BYTES] ?? 0);
}
