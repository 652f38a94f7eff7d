/** A small disk, which can be filled to its last byte and emptied again. */
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const BLOCK = Buffer.alloc(1024 * 1024);

export class Disk {
  readonly #ballast: string;

  /** `path`: where it is mounted, as it is reached from here. */
  constructor(path: string) {
    this.#ballast = join(path, 'ballast');
  }

  fill(): void {
    const file = openSync(this.#ballast, 'a');
    try {
      for (let size = BLOCK.byteLength; size >= 1; size /= 2) {
        while (appended(file, size));
      }
    } finally {
      closeSync(file);
    }
  }

  empty(): void {
    rmSync(this.#ballast, { force: true });
  }
}

function appended(file: number, size: number): boolean {
  try {
    return writeSync(file, BLOCK, 0, size) === size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return false;
    throw error;
  }
}
