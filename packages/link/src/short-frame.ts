/**
 * A short binary message as the bytes of a server's WebSocket frame (RFC 6455, section 5.2), header and payload in one
 * buffer.
 *
 * `ws` hands the two to the system apart, which costs a tenth of all that sending a short message takes; and
 * most of what a master sends, to thousands at a time, are short answers. A client's frames are masked, which `ws`
 * does in one buffer anyway.
 */

/** What the two-byte header can say; longer ones gain nothing that could be measured. */
const LONGEST = 125;
const FIN_BINARY = 0x82;

/** Undefined when the message is too long for it. */
export function shortFrame(message: Uint8Array): Buffer | undefined {
  const { byteLength } = message;
  if (byteLength > LONGEST) return undefined;
  const frame = Buffer.allocUnsafe(2 + byteLength);
  frame[0] = FIN_BINARY;
  frame[1] = byteLength;
  frame.set(message, 2);
  return frame;
}
