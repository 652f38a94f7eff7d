/**
 * Lines of several logs in one stream of bytes: what the stream `logs` carries. Frames follow each other without a gap:
 *
 *   kind (1 byte) · length of the rest (uint32) · the rest                           all numbers little-endian
 *   1 begin   JSON: LogBegin
 *   2 log     JSON: LogName; before the first text of that log
 *   3 text    number of the log (uint32) · master time in Unix ms (float64) · offset in the log (float64) · bytes
 *
 * The bytes of a text are whole lines, except for a line longer than `LINE` and for the end of a log without a line feed.
 * Frames of other kinds are skipped: a newer minor version may send more.
 */
import * as z from 'zod';
import { TuttiError } from './errors.ts';
import { NodeName } from './ids.ts';
import { LIMITS } from './limits.ts';
import { validate } from './validate.ts';

/** Bytes of a line that are kept together at most, and of a text. */
export const LINE = 64 * 1024;

/** How the lines were chosen: asked for again after a lost connection, it says the same. */
export const LogBegin = z.object({
  /** Unix ms, master time. */
  since: z.number().optional(),
  /** Lines of more than one test can come, so a line has to say of which it is. */
  severalTests: z.boolean(),
});
export type LogBegin = z.infer<typeof LogBegin>;

export const LogName = z.object({
  /** In this stream; counted from 0. */
  n: z.number().int().nonnegative(),
  /** The same in every stream of this run. */
  key: z.string(),
  test: z.string(),
  attempt: z.number().int().positive(),
  /** `db.0`, or `db.0/cmd-3` of a command on its machine. */
  member: z
    .string()
    .max(LIMITS.name.value + '.99999/cmd-99999'.length)
    .regex(/^[a-z][a-z0-9_]*\.\d+(\/cmd-\d+)?$/, 'a log is that of ROLE.INDEX, or of ROLE.INDEX/cmd-NUMBER'),
  node: NodeName,
  source: z.enum(['stdout', 'stderr']),
  incarnation: z.number().int().nonnegative(),
});
export type LogName = z.infer<typeof LogName>;

export type LogFrame =
  | { readonly kind: 'begin'; readonly begin: LogBegin }
  | { readonly kind: 'log'; readonly log: LogName }
  | {
      readonly kind: 'text';
      readonly n: number;
      readonly at: number;
      readonly offset: number;
      readonly bytes: Uint8Array;
    };

const BEGIN = 1;
const LOG = 2;
const TEXT = 3;
const HEAD = 5;
const TEXT_HEAD = 20;
const LONGEST = LIMITS.frame.value;

export function encodeLogFrame(frame: LogFrame): Uint8Array {
  if (frame.kind === 'begin') return framed(BEGIN, Buffer.from(JSON.stringify(frame.begin)));
  if (frame.kind === 'log') return framed(LOG, Buffer.from(JSON.stringify(frame.log)));
  const { n, at, offset, bytes } = frame;
  const rest = Buffer.allocUnsafe(TEXT_HEAD + bytes.byteLength);
  rest.writeUInt32LE(n, 0);
  rest.writeDoubleLE(at, 4);
  rest.writeDoubleLE(offset, 12);
  rest.set(bytes, TEXT_HEAD);
  return framed(TEXT, rest);
}

function framed(kind: number, rest: Uint8Array): Uint8Array {
  const bytes = Buffer.allocUnsafe(HEAD + rest.byteLength);
  bytes.writeUInt8(kind, 0);
  bytes.writeUInt32LE(rest.byteLength, 1);
  bytes.set(rest, HEAD);
  return bytes;
}

/** Frames from bytes as they come. What a text holds is good until the next `push`. */
export class LogFrameDecoder {
  #rest: Buffer = Buffer.alloc(0);

  /** Throws `BAD_FRAME`. */
  push(bytes: Uint8Array): LogFrame[] {
    const all = this.#rest.byteLength === 0 ? view(bytes) : Buffer.concat([this.#rest, bytes]);
    const frames: LogFrame[] = [];
    let at = 0;
    while (all.byteLength - at >= HEAD) {
      const length = all.readUInt32LE(at + 1);
      if (length > LONGEST) throw new TuttiError('BAD_FRAME', `a log frame of ${length} bytes`);
      const end = at + HEAD + length;
      if (end > all.byteLength) break;
      const frame = decoded(all.readUInt8(at), all.subarray(at + HEAD, end));
      if (frame !== undefined) frames.push(frame);
      at = end;
    }
    // A copy: the buffer is its owner's.
    this.#rest = Buffer.from(all.subarray(at));
    return frames;
  }
}

function decoded(kind: number, rest: Buffer): LogFrame | undefined {
  if (kind === BEGIN) return { kind: 'begin', begin: document(LogBegin, rest) };
  if (kind === LOG) return { kind: 'log', log: document(LogName, rest) };
  if (kind !== TEXT) return undefined;
  if (rest.byteLength < TEXT_HEAD) throw new TuttiError('BAD_FRAME', 'a log frame is too short');
  return {
    kind: 'text',
    n: rest.readUInt32LE(0),
    at: rest.readDoubleLE(4),
    offset: rest.readDoubleLE(12),
    bytes: rest.subarray(TEXT_HEAD),
  };
}

function document<T extends z.ZodType>(schema: T, bytes: Buffer): z.infer<T> {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new TuttiError('BAD_FRAME', 'a log frame is not JSON', { cause });
  }
  return validate(schema, value, 'BAD_FRAME', 'a log frame');
}

function view(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
