/**
 * One terminal on this machine: a command, what was written and has not been read, and who is there.
 *
 * Guarantees: it holds at most `LIMITS.terminalOutput` and a little, then its command waits; nothing that was written before its end is lost to
 * who reads it; what it started ends with it; when nobody has attended it for 30 s it ends, whoever was killed. It does not outlive
 * its agent.
 */
import type { Readable } from 'node:stream';
import {
  type Exit,
  LIMITS,
  type ScreenSize,
  type StopReason,
  type TerminalEnd,
  type TerminalPiece,
  TuttiError,
} from '@tutti/protocol';
import { timer } from '../system/timer.ts';
import { OutputBuffer } from './output-buffer.ts';
import type { Started } from './started.ts';
import type { TerminalTree } from './terminal-tree.ts';

export interface TerminalDeps {
  readonly started: Started;
  readonly tree: TerminalTree;
  readonly hasScreen: boolean;
  /** Seconds. */
  readonly timeout: number | undefined;
  /** So long nobody need attend it. */
  readonly lingerMs: number;
  /** How long its outputs may stay open, with nothing written, once no process is left. */
  readonly drainMs: number;
  readonly monotonicMs: () => number;
  /** Its processes are gone; false: some could not be ended. */
  readonly onGone: (clean: boolean) => Promise<void>;
  /** Nobody will ask for it any more. */
  readonly onForgotten: () => void;
}

/** A moment for processes that are just ending: nothing is signalled that goes by itself. */
const MOMENT_MS = 50;

export class Terminal {
  readonly #deps: TerminalDeps;
  readonly #began: number;
  readonly #buffer = new OutputBuffer(LIMITS.terminalOutput.value);
  readonly #waiting = new Set<() => void>();
  readonly #stopping = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<TerminalEnd>();
  #stopped: StopReason | undefined;
  #end: TerminalEnd | undefined;
  /** All outputs have ended. */
  #over = false;
  /** What was given, and what of it is on its way. */
  #accepted = 0;
  #pending = 0;
  #inputOpen = true;
  #writing: Promise<void> = Promise.resolve();
  #attending = 0;
  #lease: { clear(): void } | undefined;
  #drain: { clear(): void } | undefined;

  constructor(deps: TerminalDeps) {
    this.#deps = deps;
    this.#began = deps.monotonicMs();
    this.#listen();
    this.#linger();
    void this.#supervise();
  }

  get ended(): Promise<TerminalEnd> {
    return this.#ended.promise;
  }

  /** Resolves with what there is from `from` on, as soon as there is something, or nothing will come. */
  async read(from: number, signal: AbortSignal): Promise<{ pieces: TerminalPiece[]; over: boolean }> {
    this.#buffer.acknowledge(from);
    if (!this.#buffer.full) this.#each((stream) => stream.resume());
    this.#drained();
    while (this.#buffer.held === 0 && !this.#over) await this.#news(signal);
    const pieces = this.#buffer.read(LIMITS.terminalPiece.value);
    const length = pieces.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
    return {
      pieces: pieces.map(({ of, bytes }) => ({ of, bytes: bytes.toString('base64') })),
      over: this.#over && length === this.#buffer.held,
    };
  }

  /** Resolves when the command has taken it, or will not. Throws `BAD_PARAMS`, `TOO_MANY_CALLS`. */
  async write(at: number, bytes: Buffer, last: boolean, signal: AbortSignal): Promise<{ open: boolean }> {
    if (at > this.#accepted)
      throw new TuttiError('BAD_PARAMS', `input at ${at}, where ${this.#accepted} was due`);
    const fresh = bytes.subarray(this.#accepted - at);
    if (fresh.byteLength > 0) {
      if (this.#pending + fresh.byteLength > LIMITS.terminalOutput.value)
        throw new TuttiError(
          'TOO_MANY_CALLS',
          'the command does not read what it is given: too much waits for it',
        );
      this.#accepted += fresh.byteLength;
      this.#pending += fresh.byteLength;
      this.#writing = this.#writing.then(() => this.#put(fresh));
    }
    if (last) this.#writing = this.#writing.then(() => this.#endInput());
    await unlessAborted(Promise.race([this.#writing, this.#ended.promise]), signal);
    return { open: this.#inputOpen && this.#end === undefined };
  }

  resize(size: ScreenSize): void {
    if (this.#end === undefined) this.#deps.started.resize(size);
  }

  /** Resolves when it has ended; rejects when `signal` aborts. Meanwhile somebody is there. */
  async attend(signal: AbortSignal): Promise<TerminalEnd> {
    this.#attending += 1;
    this.#lease?.clear();
    try {
      return await unlessAborted(this.#ended.promise, signal);
    } finally {
      this.#attending -= 1;
      if (this.#attending === 0) this.#linger();
    }
  }

  /** Begins the stop ladder; of one that has ended nothing is kept. */
  close(): void {
    if (this.#end === undefined) this.stop('cancelled');
    else this.#forget();
  }

  stop(reason: StopReason): void {
    if (this.#end !== undefined) return;
    this.#stopped ??= reason;
    this.#stopping.resolve();
  }

  /** Resolves when no process is left, and nothing of it is kept. */
  async finish(reason: StopReason): Promise<void> {
    this.stop(reason);
    await this.#ended.promise;
    this.#forget();
  }

  async #supervise(): Promise<void> {
    const { started, tree, hasScreen, timeout, monotonicMs, onGone } = this.#deps;
    const limit = timeout === undefined ? undefined : timer(timeout * 1000, () => this.stop('timeout'));
    await Promise.race([started.exited, this.#stopping.promise]);
    const itself = this.#stopped === undefined && (await tree.goneWithin(MOMENT_MS));
    const clean = itself || (await tree.end(hasScreen));
    limit?.clear();
    const exit = await Promise.race([started.exited, unknownExit()]);
    this.#inputOpen = false;
    await onGone(clean).catch(() => {});
    started.finish();
    const stopped = this.#stopped;
    const duration = (monotonicMs() - this.#began) / 1000;
    this.#end = { exit, duration, ...(stopped === undefined ? {} : { stopped }) };
    this.#ended.resolve(this.#end);
    this.#drained();
  }

  #listen(): void {
    const { outputs } = this.#deps.started;
    let open = outputs.length;
    for (const [of, stream] of outputs) {
      stream.on('data', (bytes: Buffer) => {
        this.#buffer.push(of, bytes);
        if (this.#buffer.full) this.#each((each) => each.pause());
        this.#drained();
        this.#tell();
      });
      stream.on('error', () => {});
      stream.on('close', () => {
        open -= 1;
        if (open > 0) return;
        this.#over = true;
        this.#drain?.clear();
        this.#tell();
      });
    }
  }

  #each(work: (stream: Readable) => void): void {
    for (const [, stream] of this.#deps.started.outputs) work(stream);
  }

  /** A process that has escaped may hold an output open: nobody waits for it when nothing comes. */
  #drained(): void {
    this.#drain?.clear();
    if (this.#end === undefined || this.#over || this.#buffer.full) return;
    this.#drain = timer(this.#deps.drainMs, () => this.#deps.started.abandon());
  }

  async #put(bytes: Buffer): Promise<void> {
    const { input } = this.#deps.started;
    if (this.#inputOpen) {
      await new Promise<void>((resolve) => {
        input.once('close', resolve);
        input.write(bytes, (error) => {
          if (error) this.#inputOpen = false;
          input.off('close', resolve);
          resolve();
        });
      });
      if (input.destroyed) this.#inputOpen = false;
    }
    this.#pending -= bytes.byteLength;
  }

  #endInput(): void {
    this.#inputOpen = false;
    this.#deps.started.input.end();
  }

  #linger(): void {
    this.#lease?.clear();
    this.#lease = timer(this.#deps.lingerMs, () => void this.finish('cancelled'));
  }

  #forget(): void {
    this.#lease?.clear();
    this.#drain?.clear();
    this.#deps.started.abandon();
    this.#over = true;
    this.#tell();
    this.#deps.onForgotten();
  }

  async #news(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.add(resolve);
    try {
      await unlessAborted(promise, signal);
    } finally {
      this.#waiting.delete(resolve);
    }
  }

  #tell(): void {
    for (const told of this.#waiting) told();
  }
}

/** So long after the last process is gone it may take until it is known how the first one ended. */
const EXIT_MS = 5000;

/** What cannot be ended cannot be waited for. */
async function unknownExit(): Promise<Exit> {
  const { promise, resolve } = Promise.withResolvers<Exit>();
  timer(EXIT_MS, () => resolve({ how: 'killed' }));
  return promise;
}

async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason as Error);
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([promise, work]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
