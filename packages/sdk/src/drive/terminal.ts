/**
 * A command on a machine with a terminal of its own: what is typed goes there, what it writes comes as bytes.
 *
 * Output is read when it is asked for: a command that nobody reads waits. It ends with the driver at the latest.
 */
import { TuttiError } from '../errors.ts';
import { ask, type Place, shown, type Verb } from './call.ts';
import type { Command } from './command-end.ts';
import { secondsFor, type WaitOptions, within } from './wait.ts';

export interface ShellOptions {
  /** Default: the shell of the agent's user. */
  command?: Command | undefined;
  /** Default: 80. */
  columns?: number | undefined;
  /** Default: 24. */
  rows?: number | undefined;
  /** `TERM`; default: `xterm-256color`. */
  term?: string | undefined;
  env?: Readonly<Record<string, string>> | undefined;
  /** Default: the member's own directory. */
  cwd?: string | undefined;
}

export interface TerminalExit {
  /** Its exit status; undefined when it had none, as after a signal. */
  readonly exit: number | undefined;
  readonly signal: string | undefined;
  /** Why it was stopped from outside. */
  readonly stopped: string | undefined;
}

export interface Terminal {
  /** What it writes, from now on, to its end. */
  readonly output: AsyncIterable<Uint8Array>;
  /** Returns when it has taken it; with false when it takes no more. */
  write(data: string | Uint8Array): Promise<boolean>;
  /** Reads on until what it wrote since the last match has this text, or matches. */
  expect(pattern: RegExp | string, options?: WaitOptions): Promise<RegExpExecArray>;
  resize(size: { columns: number; rows: number }): Promise<void>;
  /** Until it has ended by itself. */
  ended(options?: WaitOptions): Promise<TerminalExit>;
  /** Ends it, with all that it has started. */
  end(): Promise<void>;
}

/** What is kept of what was seen while something is expected, in characters. */
const SEEN = 256 * 1024;
/** Bytes in one call. */
const PIECE = 48 * 1024;

type End = { exit: { how: string; code?: number; signal?: string }; stopped?: string };

export async function openTerminal(
  place: Place,
  { command, columns = 80, rows = 24, term, env, cwd }: ShellOptions,
): Promise<Terminal> {
  const args = { screen: { columns, rows, term }, command, env, cwd };
  const { terminal } = (await ask(place, 'open', args)) as { terminal: string };
  const on = shown(place);
  const gone = new AbortController();
  const asked = async (verb: Verb, more: object, signal: AbortSignal): Promise<unknown> =>
    ask(place, verb, { terminal, ...more }, { signal });
  const exit = asked('attend', {}, gone.signal).then((end) => toldExit(end as End));
  exit.catch(() => {}); // whoever is interested waits for it
  let from = 0;
  let over = false;
  let at = 0;
  let open = true;
  let seen = '';
  const decoder = new TextDecoder();

  const read = async (signal: AbortSignal): Promise<Buffer> => {
    if (over) return Buffer.alloc(0);
    const answer = (await asked('read', { from }, signal)) as { pieces: { bytes: string }[]; over: boolean };
    const bytes = Buffer.concat(answer.pieces.map((piece) => Buffer.from(piece.bytes, 'base64')));
    from += bytes.byteLength;
    ({ over } = answer);
    return bytes;
  };

  return {
    output: {
      async *[Symbol.asyncIterator]() {
        while (!over) yield await read(gone.signal);
      },
    },
    async write(data) {
      const bytes = Buffer.from(data as Uint8Array);
      for (let start = 0; start < bytes.byteLength && open; start += PIECE) {
        const part = bytes.subarray(start, start + PIECE);
        const begin = at;
        at += part.byteLength;
        const told = await asked('write', { at: begin, bytes: part.toString('base64') }, gone.signal);
        ({ open } = told as { open: boolean });
      }
      return open;
    },
    async expect(pattern, { timeout, signal } = {}) {
      const seconds = secondsFor(timeout);
      const wanted = typeof pattern === 'string' ? new RegExp(escaped(pattern)) : plain(pattern);
      const last = (): string => `; the last that it wrote: ${JSON.stringify(seen.slice(-200))}`;
      const late = (): TuttiError =>
        new TuttiError('TIMED_OUT', `the terminal on ${on} did not write ${String(pattern)}${last()}`);
      return within(seconds, signal, late, async (ending) => {
        for (;;) {
          const match = wanted.exec(seen);
          if (match !== null) {
            seen = seen.slice(match.index + match[0].length);
            return match;
          }
          if (over)
            throw new TuttiError(
              'COMMAND_FAILED',
              `the terminal on ${on} ended before ${String(pattern)}${last()}`,
            );
          seen = (seen + decoder.decode(await read(ending), { stream: true })).slice(-SEEN);
        }
      });
    },
    async resize({ columns: wide, rows: high }) {
      await asked('resize', { columns: wide, rows: high }, gone.signal);
    },
    async ended({ timeout, signal } = {}) {
      const late = (): TuttiError => new TuttiError('TIMED_OUT', `the terminal on ${on} did not end`);
      return within(secondsFor(timeout), signal, late, () => exit);
    },
    async end() {
      await ask(place, 'close', { terminal });
      await exit.catch(() => {});
      over = true;
      gone.abort(new TuttiError('CANCELLED', `the terminal on ${on} was closed`));
    },
  };
}

function toldExit({ exit, stopped }: End): TerminalExit {
  return {
    exit: exit.how === 'exited' ? exit.code : undefined,
    signal: exit.how === 'signalled' ? exit.signal : undefined,
    stopped,
  };
}

/** A global one would go on from where it found something in another text. */
function plain(pattern: RegExp): RegExp {
  return new RegExp(pattern.source, pattern.flags.replaceAll(/[gy]/g, ''));
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
