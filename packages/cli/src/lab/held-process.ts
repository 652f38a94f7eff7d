/**
 * A process that lives no longer than this one: it holds the read end of a pipe whose only write end is here (close on
 * exec, so no sibling inherits it) and takes end-of-file for the order to end. However this process ends, also by
 * SIGKILL, the kernel closes the pipe.
 *
 * It is the leader of a session, hence of a process group: a terminal's Ctrl-C does not reach it, and `kill` reaches its
 * children too. Not guaranteed: that it obeys. `lab-processes.ts` and the sweeper see to that.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { Argv } from './run-tool.ts';

/** How many of the last lines on stderr are worth showing. */
const LAST_LINES = 12;
const LAST_BYTES = 4096;

export interface HeldOptions {
  /** "agent n1": as in a sentence. */
  readonly what: string;
  readonly argv: Argv;
  readonly env: NodeJS.ProcessEnv;
  /**
   * stderr goes to this file: a file never blocks a writer, nor breaks under it when this process is gone. Without it, to
   * a pipe; only for what says next to nothing.
   */
  readonly log?: string;
  /** Descriptors of this process that it finds as its own from 3 on. */
  readonly inherit?: readonly number[];
}

export interface Ending {
  readonly ok: boolean;
  /** "exited with status 1" */
  readonly how: string;
}

export class HeldProcess {
  readonly what: string;
  /** Undefined if the process could not even be started; `ended` then says why. */
  readonly pid: number | undefined;
  /** Never rejects. */
  readonly ended: Promise<Ending>;
  /** `held`: behind its gate; `starting`: on its way to be ready. */
  stage: 'held' | 'starting' | 'ready' = 'held';

  readonly #child: ChildProcessByStdio<Writable, Readable, Readable | null>;
  readonly #lines: AsyncIterator<string>;
  readonly #log: string | undefined;
  #said = '';

  constructor({ what, argv: [file, ...args], env, log, inherit = [] }: HeldOptions) {
    this.what = what;
    this.#log = log;
    const stderr = log === undefined ? 'pipe' : openSync(log, 'a', 0o600);
    try {
      const spawned = spawn(file, args, { detached: true, env, stdio: ['pipe', 'pipe', stderr, ...inherit] });
      this.#child = spawned as ChildProcessByStdio<Writable, Readable, Readable | null>;
    } finally {
      if (typeof stderr === 'number') closeSync(stderr);
    }
    const child = this.#child;
    this.pid = child.pid;
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#said = (this.#said + text).slice(-LAST_BYTES);
    });
    // Writing to a process that has just ended is not an event of its own.
    child.stdin.on('error', () => undefined);
    this.ended = new Promise((resolve) => {
      child.on('error', (error) => resolve({ ok: false, how: `could not be started: ${error.message}` }));
      // With a pipe for stderr its last words arrive until `close`. With a file wait for nobody: what a daemon leaves
      // behind may hold its stdout open.
      child.on(log === undefined ? 'close' : 'exit', (code, signal) =>
        resolve({
          ok: code === 0,
          how: signal === null ? `exited with status ${code}` : `was killed by ${signal}`,
        }),
      );
    });
  }

  /** While true, `pid` cannot be anybody else's: nobody has waited for it yet. */
  get isAlive(): boolean {
    return this.pid !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** The next line on stdout. Never settles if there is none: who waits must also wait for `ended`. */
  async line(): Promise<string> {
    const next = await this.#lines.next();
    return next.done === true ? new Promise(() => undefined) : next.value;
  }

  /** Nothing more is expected on stdout; what comes is thrown away, so that the writer never blocks. */
  ready(): void {
    this.stage = 'ready';
    void this.#lines.return?.();
    this.#child.stdout.resume();
  }

  /** Resolves when the kernel has the line: from then on the process will read it, whatever happens to this one. */
  async tell(line: string): Promise<void> {
    await new Promise<void>((resolve) => {
      if (!this.#child.stdin.writable) resolve();
      else this.#child.stdin.write(`${line}\n`, () => resolve());
    });
  }

  /** Closes the pipe: the order to end. */
  release(): void {
    this.#child.stdin.end();
  }

  kill(): void {
    if (this.pid === undefined || !this.isAlive) return;
    try {
      process.kill(-this.pid, 'SIGKILL');
    } catch (error) {
      // Between spawn and setsid there is no such group yet; or it is gone already.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      this.#child.kill('SIGKILL');
    }
  }

  /** The last lines it wrote to stderr. */
  lastWords(): string {
    const said = this.#log === undefined ? this.#said : readLog(this.#log);
    return said.trimEnd().split('\n').slice(-LAST_LINES).join('\n');
  }
}

/** The end of it: a log may be large. */
function readLog(file: string): string {
  try {
    const log = openSync(file, 'r');
    try {
      const tail = Buffer.alloc(LAST_BYTES);
      const length = readSync(log, tail, 0, LAST_BYTES, Math.max(0, fstatSync(log).size - LAST_BYTES));
      return tail.toString('utf8', 0, length);
    } finally {
      closeSync(log);
    }
  } catch {
    return ''; // the lab's directory is gone already
  }
}
