/**
 * The real `tutti` command as a process: run to its end, or started and watched. Its environment holds nothing of
 * Tutti's from outside, its state and temporary files are the test's own, and it is gone when the test has ended.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { Lines, type WaitOptions } from './lines.ts';
import { temporaryDirectory } from './temporary-directory.ts';

export const repository = join(import.meta.dirname, '../../..');
const launcher = join(repository, 'packages/cli/bin/tutti');

export interface TuttiOptions {
  /** Default: a new temporary directory. */
  cwd?: string;
  /** On top of a clean one; undefined takes a variable away. */
  env?: Record<string, string | undefined>;
  /** All that there is to read on stdin. */
  input?: string | Uint8Array;
  /** A program that starts it, with its arguments; it has to become `tutti` by exec for signals to reach that. */
  through?: readonly string[];
}

export interface Outcome {
  /** Exit status; null after a signal. */
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** Runs `tutti ARGS` to its end, whatever that is; on stdin there is nothing, unless `input` is given. */
export async function tutti(args: readonly string[], options: TuttiOptions = {}): Promise<Outcome> {
  const running = await startTutti(args, { input: '', ...options });
  return running.ended;
}

/** Starts `tutti ARGS`. Without `input` its stdin stays open until `closeStdin`. */
export async function startTutti(args: readonly string[], options: TuttiOptions = {}): Promise<RunningTutti> {
  const cwd = options.cwd ?? (await temporaryDirectory());
  const tmp = await temporaryDirectory();
  const running = new RunningTutti(args, cwd, tmp, options);
  onTestFinished(() => running.end());
  if (options.input !== undefined) running.closeStdin(options.input);
  return running;
}

export class RunningTutti {
  readonly pid: number;
  readonly cwd: string;
  /** Its TMPDIR, and of all that it starts: a private lab lives here, and empty means that nothing is left of it. */
  readonly tmp: string;
  readonly ended: Promise<Outcome>;
  readonly #child;
  readonly #lines = new Lines();

  constructor(args: readonly string[], cwd: string, tmp: string, { env, through = [] }: TuttiOptions = {}) {
    this.cwd = cwd;
    this.tmp = tmp;
    const [program = launcher, ...rest] = [...through, launcher, ...args];
    this.#child = spawn(program, rest, { cwd, env: { ...cleanEnvironment(tmp), ...env }, stdio: 'pipe' });
    if (this.#child.pid === undefined) throw new Error(`${launcher} cannot be started`);
    this.pid = this.#child.pid;
    this.#child.stdin.on('error', () => {}); // it may end without having read: its own affair
    this.#lines.read('stdout', this.#child.stdout);
    this.#lines.read('stderr', this.#child.stderr);
    this.ended = this.#watch();
  }

  /** What it has written so far. */
  get stdout(): string {
    return this.#lines.text('stdout');
  }

  get stderr(): string {
    return this.#lines.text('stderr');
  }

  /** The first line, of what it has written or will write, that matches; rejects when it ends without one. */
  waitForLine(pattern: RegExp | string, options?: WaitOptions): Promise<string> {
    return this.#lines.wait(pattern, options);
  }

  kill(signal: NodeJS.Signals = 'SIGTERM'): void {
    this.#child.kill(signal);
  }

  closeStdin(last: string | Uint8Array = ''): void {
    this.#child.stdin.end(last);
  }

  /** After this the process is gone. What it may have left is ended with its temporary directory. */
  async end(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.ended;
  }

  async #watch(): Promise<Outcome> {
    const [code, signal] = (await once(this.#child, 'close')) as [number | null, NodeJS.Signals | null];
    this.#lines.end(`tutti ended (${code === null ? signal : `exit status ${code}`})`);
    return { code, signal, stdout: this.stdout, stderr: this.stderr };
  }
}

/** What a login shell has, less what points to a master, to a member, or to the test runner. */
function cleanEnvironment(tmp: string): NodeJS.ProcessEnv {
  const foreign = /^(TUTTI_.*|VITEST.*|NODE_OPTIONS|NODE_ENV|FORCE_COLOR|XDG_STATE_HOME)$/;
  const ours = Object.entries(process.env).filter(([name]) => !foreign.test(name));
  return { ...Object.fromEntries(ours), NO_COLOR: '1', TMPDIR: tmp, TUTTI_STATE: join(tmp, 'state') };
}
