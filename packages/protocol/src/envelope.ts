/**
 * The envelope of every frame: a MessagePack array whose first item is its kind.
 *
 *   [0, id, name, params]        call      answered by exactly one result or failure with the same id
 *   [1, id, result]              result
 *   [2, id, {code, message, …}]  failure
 *   [3, name, params]            event     not answered
 *   [4, id]                      cancel    the caller withdraws call `id`; it is still answered
 *   [5, stream, offset, bytes]   data      a chunk of an open stream
 *
 * Ids and stream numbers are chosen by the sender of the call or stream, and mean nothing to the other
 * direction. Encoding is plain MessagePack: no extension types, no records; integers beyond 32 bits may be
 * floats. Decoding never throws anything but `TuttiError` with `BAD_FRAME` or `FRAME_TOO_LARGE`.
 */
import { Packr, Unpackr } from 'msgpackr';
import { TuttiError } from './errors.ts';
import { LIMITS } from './limits.ts';
import { malformation } from './wellformed.ts';

export const Kind = { call: 0, result: 1, failure: 2, event: 3, cancel: 4, data: 5 } as const;

export interface FailureBody {
  code: string;
  message: string;
  details?: Record<string, unknown> | undefined;
}

export type Envelope =
  | { kind: 'call'; id: number; name: string; params: unknown }
  | { kind: 'result'; id: number; result: unknown }
  | { kind: 'failure'; id: number; failure: FailureBody }
  | { kind: 'event'; name: string; params: unknown }
  | { kind: 'cancel'; id: number }
  | { kind: 'data'; stream: number; offset: number; bytes: Uint8Array };

// `skipValues` is documented by msgpackr and missing from its types: a field that is undefined is not sent.
const packing = { useRecords: false, variableMapSize: true, skipValues: [undefined] };
const packr = new Packr(packing);
const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: true, int64AsType: 'number' });

/** The bytes of one frame. Throws `FRAME_TOO_LARGE` when the peer would refuse it. */
export function encode(envelope: Envelope): Uint8Array {
  const bytes = packr.pack(toArray(envelope));
  if (bytes.byteLength > LIMITS.frame.value) {
    const name = 'name' in envelope ? ` "${envelope.name}"` : '';
    throw new TuttiError(
      'FRAME_TOO_LARGE',
      `${envelope.kind}${name}: ${bytes.byteLength} bytes do not fit into a frame of ${LIMITS.frame.value}`,
    );
  }
  return bytes;
}

/** What comes before the `length` bytes of a chunk: with them behind it, it is the frame of a data envelope. */
export function dataHead(stream: number, offset: number, length: number): Uint8Array {
  const head = new DataView(new ArrayBuffer(21));
  head.setUint8(0, 0x94); // array of 4
  head.setUint8(1, Kind.data);
  head.setUint8(2, 0xce); // uint32
  head.setUint32(3, stream);
  head.setUint8(7, 0xcb); // float64, which holds every offset exactly
  head.setFloat64(8, offset);
  head.setUint8(16, 0xc6); // bytes, their number in 32 bits
  head.setUint32(17, length);
  return new Uint8Array(head.buffer);
}

function toArray(envelope: Envelope): unknown[] {
  switch (envelope.kind) {
    case 'call':
      return [Kind.call, envelope.id, envelope.name, envelope.params];
    case 'result':
      return [Kind.result, envelope.id, envelope.result];
    case 'failure':
      return [Kind.failure, envelope.id, envelope.failure];
    case 'event':
      return [Kind.event, envelope.name, envelope.params];
    case 'cancel':
      return [Kind.cancel, envelope.id];
    case 'data':
      return [Kind.data, envelope.stream, envelope.offset, envelope.bytes];
  }
}

export function decode(bytes: Uint8Array): Envelope {
  if (bytes.byteLength > LIMITS.frame.value) {
    throw new TuttiError(
      'FRAME_TOO_LARGE',
      `a frame of ${bytes.byteLength} bytes, where ${LIMITS.frame.value} are allowed`,
    );
  }
  const problem = malformation(bytes);
  if (problem !== undefined) throw badFrame(`not MessagePack: ${problem}`);
  let value: unknown;
  try {
    value = unpackr.unpack(bytes);
  } catch (cause) {
    throw badFrame('not MessagePack', cause);
  }
  if (!Array.isArray(value)) throw badFrame('not an array');
  return fromArray(value);
}

function fromArray(items: unknown[]): Envelope {
  const [kind, first, second, third] = items;
  switch (kind) {
    case Kind.call:
      if (isCount(first) && typeof second === 'string')
        return { kind: 'call', id: first, name: second, params: third };
      break;
    case Kind.result:
      if (isCount(first)) return { kind: 'result', id: first, result: second };
      break;
    case Kind.failure:
      if (isCount(first) && isFailureBody(second)) return { kind: 'failure', id: first, failure: second };
      break;
    case Kind.event:
      if (typeof first === 'string') return { kind: 'event', name: first, params: second };
      break;
    case Kind.cancel:
      if (isCount(first)) return { kind: 'cancel', id: first };
      break;
    case Kind.data:
      if (isCount(first) && isCount(second) && third instanceof Uint8Array) {
        return { kind: 'data', stream: first, offset: second, bytes: third };
      }
      break;
    default:
  }
  throw badFrame('not an envelope');
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isFailureBody(value: unknown): value is FailureBody {
  if (typeof value !== 'object' || value === null) return false;
  const { code, message, details } = value as Partial<FailureBody>;
  return (
    typeof code === 'string' &&
    typeof message === 'string' &&
    (details === undefined || typeof details === 'object')
  );
}

function badFrame(what: string, cause?: unknown): TuttiError {
  return new TuttiError('BAD_FRAME', `a frame is ${what}`, { cause });
}
