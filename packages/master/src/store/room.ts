/**
 * Whether the disk has room: below `min-free` no new runs are taken, and bulk (logs, artifacts) waits at the agents, while
 * control goes on. (DESIGN, section 7)
 *
 * Nobody tells when a disk has room again: while something waits for it, it is looked at every second.
 */
import { statfs } from 'node:fs/promises';
import { type Clock, diskError } from '@tutti/link';
import { TuttiError } from '@tutti/protocol';

export const MIN_FREE_BYTES = 1024 ** 3;

const LOOK_EVERY_MS = 1000;

export interface DiskRoomOptions {
  /** The disk is that of this directory. */
  readonly path: string;
  readonly minFree: number;
  readonly clock: Clock;
  readonly log: { warn(message: string): void; info(message: string): void };
  /** Bytes that are free where `path` is. */
  readonly freeBytes?: (path: string) => Promise<number>;
}

export class DiskRoom {
  readonly #options: DiskRoomOptions;
  readonly #freeBytes: (path: string) => Promise<number>;
  #looked = Number.NEGATIVE_INFINITY;
  #waiting: Promise<void> | undefined;
  #wake: (() => void) | undefined;
  #closed = false;

  constructor(options: DiskRoomOptions) {
    this.#options = options;
    this.#freeBytes = options.freeBytes ?? freeBytes;
  }

  /** Throws `DISK_FULL` when less than `minFree` bytes are free. */
  async require(): Promise<void> {
    const { path, minFree } = this.#options;
    const free = await this.#freeBytes(path);
    if (free >= minFree) return;
    throw new TuttiError(
      'DISK_FULL',
      `the disk of ${path} has ${mebibytes(free)} MiB left, and the master takes new runs only above ${mebibytes(minFree)} MiB`,
    );
  }

  /** Undefined when there is room; otherwise resolves when there is, or when nobody waits for it any more. */
  forBulk(): Promise<void> | undefined {
    if (this.#waiting) return this.#waiting;
    const now = this.#options.clock.monotonicMs();
    if (now - this.#looked < LOOK_EVERY_MS) return undefined;
    this.#looked = now;
    this.#waiting = this.#untilFree().finally(() => {
      this.#waiting = undefined;
    });
    return this.#waiting;
  }

  /** Lets go of what waits. */
  close(): void {
    this.#closed = true;
    this.#wake?.();
  }

  async #untilFree(): Promise<void> {
    const { path, minFree, clock, log } = this.#options;
    let told = false;
    while (!this.#closed) {
      const free = await this.#freeBytes(path);
      if (free >= minFree) break;
      if (!told)
        log.warn(
          `the disk of ${path} has ${mebibytes(free)} MiB left: logs and artifacts wait at their agents until it has ${mebibytes(minFree)} MiB`,
        );
      told = true;
      await new Promise<void>((resolve) => {
        const cancel = clock.after(LOOK_EVERY_MS, resolve);
        this.#wake = () => {
          cancel();
          resolve();
        };
      });
    }
    this.#looked = clock.monotonicMs();
    if (told && !this.#closed) log.info(`the disk of ${path} has room again`);
  }
}

async function freeBytes(path: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize;
  } catch (cause) {
    throw diskError(path, cause);
  }
}

function mebibytes(bytes: number): string {
  return (bytes / 1024 ** 2).toFixed(0);
}
