/** One process of the real command that stays until it is told to end, with its log in a file. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { Lines } from '../../e2e/support/lines.ts';

export interface DaemonOptions {
  /** As in a sentence: "the agent of n1". */
  what: string;
  argv: readonly string[];
  env: NodeJS.ProcessEnv;
  /** stderr is appended to it. */
  log: string;
  /** `argv` starts a program that starts the daemon, and waits for it. */
  throughParent: boolean;
  /** It ended though nobody asked for it. */
  onSurprise: (what: string) => void;
}

export class Daemon {
  readonly what: string;
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  readonly #child: ChildProcess;
  readonly #lines = new Lines();
  readonly #throughParent: boolean;
  #toldToEnd = false;
  #alive = true;

  constructor({ what, argv, env, log, throughParent, onSurprise }: DaemonOptions) {
    this.what = what;
    this.#throughParent = throughParent;
    const [program = '', ...args] = argv;
    const stderr = openSync(log, 'a');
    this.#child = spawn(program, args, { env, cwd: '/', stdio: ['ignore', 'pipe', stderr] });
    closeSync(stderr);
    if (this.#child.stdout !== null) this.#lines.read('stdout', this.#child.stdout);
    this.ended = this.#watch(onSurprise);
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** What it says of itself when it is ready. */
  async ready(timeout: number): Promise<Record<string, unknown>> {
    const line = await this.#lines.wait(/^ready /, { stream: 'stdout', timeout });
    return JSON.parse(line.slice('ready '.length)) as Record<string, unknown>;
  }

  /** Whether it is alive and has not been told to end; if it has, waits until it has done so. */
  async stays(): Promise<boolean> {
    if (this.#alive && this.#toldToEnd) await this.ended;
    return this.#alive;
  }

  /** Its machine goes down: its end is no surprise, and the parent, which may stand still with it, has to take note of it. */
  abandon(): void {
    this.#toldToEnd = true;
    for (const pid of this.#own()) kill(pid, 'SIGCONT');
  }

  signal(signal: NodeJS.Signals): void {
    if (signal === 'SIGKILL' || signal === 'SIGTERM') this.#toldToEnd = true;
    // A parent that waits for a stopped child stops itself: both have to go on.
    const parent = signal === 'SIGCONT' ? this.#own() : [];
    for (const pid of [...this.#pids(), ...parent]) kill(pid, signal);
  }

  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.ended;
  }

  async #watch(onSurprise: (what: string) => void): Promise<{
    code: number | null;
    signal: NodeJS.Signals | null;
  }> {
    const [code, signal] = (await once(this.#child, 'exit')) as [number | null, NodeJS.Signals | null];
    this.#alive = false;
    const how = code === null ? `was ended by ${signal}` : `exited with status ${code}`;
    this.#lines.end(`${this.what} ${how}`);
    if (!this.#toldToEnd) onSurprise(`${this.what} ${how}, and nobody had asked it to`);
    return { code, signal };
  }

  #own(): number[] {
    return this.#child.pid === undefined || !this.#alive ? [] : [this.#child.pid];
  }

  #pids(): number[] {
    if (!this.#throughParent) return this.#own();
    const children = this.#own().flatMap(childrenOf);
    // Before it has started the daemon, the parent is all there is.
    return children.length > 0 ? children : this.#own();
  }
}

function childrenOf(parent: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && parentOf(name) === parent)
    .map(Number);
}

function parentOf(pid: string): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined; // it has ended
  }
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
