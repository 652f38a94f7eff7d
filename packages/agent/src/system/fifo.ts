/**
 * A FIFO as a sign of life: while some process holds its write end it lives; the kernel says when the last is gone.
 *
 * Nothing is ever written into it. Works for processes that are nobody's children, across a restart of the watcher, and
 * cannot be fooled by a reused process id.
 */
import { execFile } from 'node:child_process';
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { Socket } from 'node:net';
import { promisify } from 'node:util';
import { errnoOf } from './errno.ts';

const run = promisify(execFile);

/** Node cannot make one itself; one command makes several. */
export async function makeFifos(paths: readonly string[]): Promise<void> {
  await run('mkfifo', ['-m', '600', ...paths], { env: { PATH: '/usr/bin:/bin:/run/current-system/sw/bin' } });
}

export class LifeLine {
  readonly #path: string;
  readonly #reader: number;
  #watching: Socket | undefined;
  #gone = false;
  #closed = false;

  constructor(path: string) {
    this.#path = path;
    this.#reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  }

  /** A write end to be inherited by a child; the caller closes its own copy with `closeSync` after the spawn. */
  openWriteEnd(): number {
    return openSync(this.#path, constants.O_WRONLY | constants.O_NONBLOCK);
  }

  /** Whether some process holds the write end now. */
  isHeld(): boolean {
    if (this.#gone || this.#watching !== undefined) return !this.#gone;
    try {
      // Reading a FIFO that nobody can write to says end-of-file at once; otherwise "try again".
      return readSync(this.#reader, Buffer.alloc(1)) !== 0;
    } catch (thrown) {
      if (errnoOf(thrown) === 'EAGAIN') return true;
      throw thrown;
    }
  }

  /** Calls back once, never before it returns, when no process holds the write end any more. */
  onGone(callback: () => void): void {
    if (!this.isHeld()) {
      this.#gone = true;
      // epoll reports nothing for a FIFO that had no writer since it was opened.
      setImmediate(() => {
        if (!this.#closed) callback();
      });
      return;
    }
    const socket = new Socket({ fd: this.#reader, readable: true, writable: false });
    this.#watching = socket;
    socket.resume();
    socket.once('error', () => undefined);
    socket.once('close', () => {
      if (this.#watching !== socket || this.#gone) return;
      this.#gone = true;
      callback();
    });
  }

  /** Forgets the line: nothing is called back after it. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const watching = this.#watching;
    this.#watching = undefined;
    // The socket owns the descriptor once there is one, and has closed it by itself at end-of-file.
    if (watching === undefined) closeSync(this.#reader);
    else watching.destroy();
  }
}
