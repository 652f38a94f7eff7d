/** Processes that hold one WebSocket each, and are nothing else. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

export class Holder implements AsyncDisposable {
  readonly pid: number;
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess) {
    this.pid = process.pid ?? 0;
    this.#process = process;
  }

  /** Resolves when its WebSocket is open. */
  static async start(url: string): Promise<Holder> {
    const command = [...process.execArgv, join(import.meta.dirname, 'holder.js'), url];
    const child = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data', { signal: AbortSignal.timeout(10_000) });
    return new Holder(child);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#process, 'exit');
    this.#process.kill();
    await ended;
  }
}
