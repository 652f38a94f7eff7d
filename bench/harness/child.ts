/**
 * A process of a bench, at the side that started it: it is asked one thing after another, and ends with the block
 * that started it. The other half is answer.ts.
 *
 * Node's own flags are passed on, so `node --cpu-prof bench/main.ts …` profiles the children too.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Answer, Question } from './answer.ts';
import { withDescriptors } from './descriptors.ts';

const BENCH = join(import.meta.dirname, '..');

export class Child implements AsyncDisposable {
  readonly #file: string;
  readonly #process: ChildProcess;

  private constructor(file: string, process: ChildProcess) {
    this.#file = file;
    this.#process = process;
  }

  /** `file` is relative to bench/; `descriptors`: how many it may need; `flags`: Node's, for it alone. */
  static async start(file: string, descriptors: number, flags: readonly string[] = []): Promise<Child> {
    const command = [process.execPath, ...process.execArgv, ...flags, join(BENCH, file)];
    const [program = '', ...args] = withDescriptors(descriptors, command);
    const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    await once(child, 'spawn');
    return new Child(file, child);
  }

  /** One question at a time. Rejects with what the child throws, or when it ends without an answer. */
  async ask<T = void>(command: string, argument?: unknown): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const answered = (answer: Answer) => {
      if ('error' in answer) reject(new Error(`${this.#file}: ${answer.error}`));
      else resolve(answer.result as T);
    };
    const ended = (code: number | null, signal: string | null) =>
      reject(new Error(`${this.#file} ended by itself (${signal ?? `status ${code}`})`));
    this.#process.once('message', answered).once('exit', ended);
    try {
      this.#process.send({ command, argument } satisfies Question);
      return await promise;
    } finally {
      this.#process.off('message', answered).off('exit', ended);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, 'exit');
    this.#process.disconnect();
    await ended;
  }
}
