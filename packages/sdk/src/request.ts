/** One request of the local socket, as the line that is sent (and sent again, unchanged, until it is answered). */
import { closeSync, openSync, readSync } from 'node:fs';
import { TuttiError } from './errors.ts';

/** What the agent reads in one line; a longer one would only be refused, again and again. */
const LONGEST_LINE = 1024 * 1024;

export interface Request {
  readonly id: string;
  /** For error messages: `barrier "ready"`. */
  readonly title: string;
  readonly line: string;
}

/** @throws TuttiError BAD_PARAMS for a value that JSON cannot say, VALUE_TOO_LARGE for a line beyond 1 MiB */
export function newRequest(
  call: string,
  args: Record<string, unknown>,
  title: string = titleOf(call, args),
): Request {
  const id = randomId();
  const line = `${toJson(title, { id, call, args })}\n`;
  if (Buffer.byteLength(line) > LONGEST_LINE) {
    throw new TuttiError(
      'VALUE_TOO_LARGE',
      `${title}: more than 1 MiB; put the data into a file in $TUTTI_OUT and pass its name`,
    );
  }
  return { id, title, line };
}

function titleOf(call: string, args: Record<string, unknown>): string {
  const [subject] = Object.values(args); // what the call is about comes first, also where it is not given
  return typeof subject === 'string' ? `${call} "${subject}"` : call;
}

/** 128 random bits. Not from node:crypto: loading it takes longer than all else that a shell command's call does. */
function randomId(): string {
  const bytes = Buffer.alloc(16);
  const source = openSync('/dev/urandom', 'r');
  try {
    readSync(source, bytes);
  } finally {
    closeSync(source);
  }
  return bytes.toString('hex');
}

/** JSON.stringify would silently turn NaN into null and drop a function. */
function toJson(title: string, value: unknown): string {
  const refuse = (what: string): never => {
    throw new TuttiError('BAD_PARAMS', `${title}: ${what} cannot be sent as JSON`);
  };
  try {
    return JSON.stringify(value, (_key, part: unknown) => {
      if (typeof part === 'number' && !Number.isFinite(part)) return refuse(String(part));
      if (typeof part === 'function' || typeof part === 'symbol') return refuse(`a ${typeof part}`);
      return part;
    });
  } catch (error) {
    if (error instanceof TuttiError) throw error;
    return refuse(`this value (${(error as Error).message.split('\n')[0]})`); // a BigInt, a cycle
  }
}
