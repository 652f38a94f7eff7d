/** A daemon of Tutti as it is installed: the real process, from dist/, with a state directory of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { withDescriptors } from '../harness/descriptors.ts';
import { type ProcessUsage, processUsage } from '../harness/process-usage.ts';

const ROOT = join(import.meta.dirname, '../..');
const READY_SECONDS = 30;
const STOP_SECONDS = 5;

export class Daemon {
  readonly pid: number;
  /** What it said when it was ready. */
  readonly about: Record<string, unknown>;
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess, about: Record<string, unknown>) {
    this.pid = process.pid ?? 0;
    this.about = about;
    this.#process = process;
  }

  /** Resolves when it is ready. */
  static async start(args: readonly string[], descriptors: number): Promise<Daemon> {
    if (!existsSync(join(ROOT, 'dist/tutti.js')))
      throw new Error('this bench runs the installed command: `npm run build` first');
    const command = [join(ROOT, 'packages/cli/bin/tutti'), ...args];
    const [program = '', ...rest] = withDescriptors(descriptors, command);
    const child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
    const lines = createInterface({ input: child.stdout });
    const waited = AbortSignal.timeout(READY_SECONDS * 1000);
    try {
      const line = await Promise.race([
        once(lines, 'line', { signal: waited }).then(([text]) => String(text)),
        once(child, 'exit').then(([code]) => Promise.reject(new Error(`it ended with ${String(code)}`))),
      ]);
      return new Daemon(child, JSON.parse(line.replace(/^ready /, '')) as Record<string, unknown>);
    } catch (cause) {
      child.kill('SIGKILL');
      throw new Error(`tutti ${args[0]} did not become ready: ${(cause as Error).message}`, { cause });
    }
  }

  usage(): ProcessUsage {
    return processUsage(this.pid);
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** Ends it at once; what it leaves is the caller's. */
  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await ended;
  }

  /** Ends it in order, for a while: an agent ends its members, and a profile is written. */
  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGTERM');
    const impatient = setTimeout(() => this.#process.kill('SIGKILL'), STOP_SECONDS * 1000);
    await ended;
    clearTimeout(impatient);
  }
}
