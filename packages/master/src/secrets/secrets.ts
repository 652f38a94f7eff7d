/**
 * Secrets that tests may ask for: files `<state>/secrets/NAME`, readable by nobody but the master.
 *
 * Read anew for every attempt, so that one can be changed at any time. They go to agents in the order to make a member, and
 * nowhere else: not into the database, the run directory, or a log.
 */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { TuttiError } from '@tutti/protocol';

/** Bytes; a shorter one would be found everywhere and mask what is none. */
const SHORTEST = 4;
const LONGEST = 16 * 1024;

export class Secrets {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  /** Throws `NO_SECRET`, which says what to do. */
  async of(names: readonly string[]): Promise<Record<string, string>> {
    const entries = await Promise.all(names.map(async (name) => [name, await this.#read(name)] as const));
    return Object.fromEntries(entries);
  }

  async #read(name: string): Promise<string> {
    const path = join(this.#dir, name);
    const refuse = (why: string) =>
      new TuttiError('NO_SECRET', `the secret ${name} cannot be given to the test: ${path} ${why}`);
    const file = await open(path, 'r').catch((error: unknown) => {
      const { code, message } = error as NodeJS.ErrnoException;
      throw refuse(code === 'ENOENT' ? 'is not there' : `cannot be read: ${message}`);
    });
    try {
      const { mode, size } = await file.stat();
      if ((mode & 0o077) !== 0) throw refuse(`can be read by others; chmod 600 ${path}`);
      if (size > LONGEST) throw refuse(`is longer than ${LONGEST} bytes`);
      const text = (await file.readFile('utf8')).replace(/\r?\n$/, '');
      if (Buffer.byteLength(text) < SHORTEST) throw refuse(`is shorter than ${SHORTEST} bytes`);
      if (text.includes('\0') || text.includes('\ufffd')) throw refuse('is not text');
      return text;
    } finally {
      await file.close();
    }
  }
}
