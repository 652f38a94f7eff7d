/**
 * A command on a machine whose input and output go to and fro while it runs.
 *
 * Guarantees: all that it writes can be read, in order, as fast or slowly as it is read: nothing is kept here but what was asked for;
 * what is written to it arrives once, across lost connections. It ends when this program has been gone for 30 s, or its
 * agent. Who is done with it says `end`.
 */
import {
  type Command,
  type Exit,
  LIMITS,
  type NodeArgs,
  type NodeResult,
  type ScreenSize,
  type TerminalEnd,
  TuttiError,
} from '@tutti/protocol';
import { durationSeconds } from '../suite/duration.ts';
import type { Duration } from './machine.ts';

export interface ShellOptions {
  /** Default: the shell of the agent's user. */
  readonly command?: Command | undefined;
  /** Default: 80. */
  readonly columns?: number | undefined;
  /** Default: 24. */
  readonly rows?: number | undefined;
  /** `TERM`; default: `xterm-256color`. */
  readonly term?: string | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Default: the home directory of the agent's user, or the member's `work/`. */
  readonly cwd?: string | undefined;
  /** It is stopped then; default: never. */
  readonly timeout?: Duration | undefined;
  /** Ends it. */
  readonly signal?: AbortSignal | undefined;
}

export interface TerminalOutput {
  readonly of: 'stdout' | 'stderr';
  readonly bytes: Buffer;
}

export type TerminalVerb = 'read' | 'write' | 'resize' | 'attend' | 'close';

export type AskTerminal = <V extends TerminalVerb>(
  verb: V,
  args: Omit<NodeArgs<V>, 'terminal'>,
  signal: AbortSignal | undefined,
) => Promise<NodeResult<V>>;

/** How a command on a terminal ended. */
export interface TerminalExit {
  /** Its exit status; undefined when it had none, as after a signal. */
  readonly exit: number | undefined;
  readonly signal: string | undefined;
  /** Why it was stopped from outside. */
  readonly stopped: TerminalEnd['stopped'];
  /** Seconds. */
  readonly duration: number;
  readonly how: Exit['how'];
}

const EXPECT_SECONDS = 30;
/** What is kept of what was seen while something is expected, in characters. */
const SEEN = 256 * 1024;

export class Terminal {
  /** The machine, or the member and its machine. */
  readonly on: string;
  /** Resolves when it has ended, with all that it started. Rejects when it is not known how. */
  readonly exit: Promise<TerminalExit>;
  readonly #ask: AskTerminal;
  readonly #gone = new AbortController();
  readonly #stopListening: () => void;
  #from = 0;
  #over = false;
  #reading = false;
  #seen = '';
  #decoder = new TextDecoder();
  #at = 0;
  #open = true;
  #writing: Promise<unknown> = Promise.resolve();

  /** @internal */
  constructor(on: string, ask: AskTerminal, signal: AbortSignal | undefined) {
    this.on = on;
    this.#ask = ask;
    this.exit = ask('attend', {}, this.#gone.signal).then(toldExit);
    this.exit.catch(() => {});
    const stop = () => void this.#close();
    signal?.addEventListener('abort', stop, { once: true });
    this.#stopListening = () => signal?.removeEventListener('abort', stop);
    if (signal?.aborted) stop();
  }

  /** What it writes, from now on, to its end. */
  get output(): AsyncIterable<Uint8Array> {
    return this.#bytes();
  }

  /** The same, each piece with what it was written to. */
  async *pieces(signal?: AbortSignal): AsyncGenerator<TerminalOutput, void> {
    for (;;) {
      const pieces = await this.#read(signal);
      yield* pieces;
      if (this.#over) return;
    }
  }

  /** Resolves when it has taken it; with false when it takes no more. */
  async write(data: string | Uint8Array): Promise<boolean> {
    const bytes = Buffer.from(data as Uint8Array);
    for (let from = 0; from < bytes.byteLength && this.#open; from += LIMITS.terminalPiece.value)
      await this.#give(bytes.subarray(from, from + LIMITS.terminalPiece.value), false);
    return this.#open;
  }

  /** Its stdin ends. On a terminal that is what Ctrl-D does. */
  async endInput(): Promise<void> {
    await this.#give(Buffer.alloc(0), true);
  }

  async resize(size: ScreenSize): Promise<void> {
    const { columns, rows } = size;
    await this.#ask('resize', { columns, rows }, this.#gone.signal);
  }

  /**
   * Reads on until what was written since the last match matches, as text; the match is returned, and what comes after it is
   * for the next. Rejects with `TIMED_OUT`, default after 30 s, and with `COMMAND_FAILED` when it ends before.
   */
  async expect(
    pattern: RegExp | string,
    { timeout = EXPECT_SECONDS, signal }: { timeout?: Duration; signal?: AbortSignal } = {},
  ): Promise<RegExpExecArray> {
    const seconds = durationSeconds(timeout);
    const wanted = typeof pattern === 'string' ? new RegExp(RegExp.escape(pattern)) : plain(pattern);
    const late = AbortSignal.timeout(seconds * 1000);
    const until = signal === undefined ? late : AbortSignal.any([signal, late]);
    for (;;) {
      const match = wanted.exec(this.#seen);
      if (match !== null) {
        this.#seen = this.#seen.slice(match.index + match[0].length);
        return match;
      }
      const last = `; the last that it wrote: ${JSON.stringify(this.#seen.slice(-200))}`;
      if (this.#over)
        throw new TuttiError(
          'COMMAND_FAILED',
          `the terminal on ${this.on} ended before ${String(pattern)}${last}`,
        );
      try {
        for (const { bytes } of await this.#read(until))
          this.#seen = (this.#seen + this.#decoder.decode(bytes, { stream: true })).slice(-SEEN);
      } catch (error) {
        if (!late.aborted) throw error;
        throw new TuttiError(
          'TIMED_OUT',
          `the terminal on ${this.on} did not write ${String(pattern)} within ${seconds} s${last}`,
        );
      }
    }
  }

  /** Ends it, with all that it has started: as if its line were cut, then SIGTERM, after 5 s SIGKILL. Resolves when that is over. */
  async end(): Promise<TerminalExit | undefined> {
    await this.#close();
    const exit = await this.exit.catch(() => undefined);
    await this.forget();
    return exit;
  }

  /** It has ended and everything of it was read: nothing of it is kept there. */
  async forget(): Promise<void> {
    this.#stopListening();
    this.#over = true;
    await this.#close();
    this.#gone.abort(new TuttiError('CANCELLED', `the terminal on ${this.on} was closed`));
  }

  async #close(): Promise<void> {
    // What is not there any more is closed.
    await this.#ask('close', {}, undefined).catch(() => {});
  }

  async *#bytes(): AsyncGenerator<Uint8Array, void> {
    for await (const { bytes } of this.pieces()) yield bytes;
  }

  async #read(signal: AbortSignal | undefined): Promise<TerminalOutput[]> {
    if (this.#over) return [];
    if (this.#reading) throw new TuttiError('USAGE', `the terminal on ${this.on} is being read already`);
    this.#reading = true;
    try {
      const until = signal === undefined ? this.#gone.signal : AbortSignal.any([signal, this.#gone.signal]);
      const { pieces, over } = await this.#ask('read', { from: this.#from }, until);
      const read = pieces.map(({ of, bytes }) => ({ of, bytes: Buffer.from(bytes, 'base64') }));
      this.#from += read.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
      this.#over = over;
      return read;
    } finally {
      this.#reading = false;
    }
  }

  /** One after the other: each is at the place where the one before it ended. */
  async #give(bytes: Buffer, last: boolean): Promise<void> {
    const giving = this.#writing.then(async () => {
      if (!this.#open) return;
      const end = last ? { last } : {};
      const asked = { at: this.#at, bytes: bytes.toString('base64'), ...end };
      const { open } = await this.#ask('write', asked, this.#gone.signal);
      this.#at += bytes.byteLength;
      this.#open = open;
    });
    this.#writing = giving.catch(() => {});
    await giving;
  }
}

/** A global one would go on from where it found something in another text. */
function plain(pattern: RegExp): RegExp {
  return new RegExp(pattern.source, pattern.flags.replaceAll(/[gy]/g, ''));
}

function toldExit({ exit, stopped, duration }: TerminalEnd): TerminalExit {
  return {
    exit: exit.how === 'exited' ? exit.code : undefined,
    signal: exit.how === 'signalled' ? exit.signal : undefined,
    ...{ stopped, duration, how: exit.how },
  };
}
