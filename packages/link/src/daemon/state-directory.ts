/**
 * A daemon's state directory: made, proven writable, and used by one living daemon at a time.
 *
 * The lock is a file with the daemon's process identity; one left by a dead daemon is taken over.
 */

import { randomBytes } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { TuttiError } from '@tutti/protocol';
import { makeDirectory } from './make-directory.ts';
import { isProcess, type ProcessIdentity, thisProcess } from './process-identity.ts';
import { replaceFile } from './replace-file.ts';

/** `/var/lib/tutti/<daemon>` as root, `$XDG_STATE_HOME/tutti/<daemon>` otherwise. */
export function defaultStateDirectory(
  daemon: 'master' | 'agent',
  env: Record<string, string | undefined>,
  uid: number | undefined,
): string {
  const base = env['TUTTI_STATE'];
  if (base !== undefined && base !== '') return join(base, daemon);
  if (uid === 0) return join('/var/lib/tutti', daemon);
  return join(env['XDG_STATE_HOME'] || join(env['HOME'] || homedir(), '.local/state'), 'tutti', daemon);
}

export class StateDirectory {
  readonly path: string;
  readonly #lock: string;

  private constructor(path: string, lock: string) {
    this.path = path;
    this.#lock = lock;
  }

  /** Throws `STATE_NOT_WRITABLE` or `STATE_IN_USE`. */
  static async open(path: string, daemon: string): Promise<StateDirectory> {
    const lock = join(path, `${daemon}.lock`);
    try {
      await makeDirectory(path, 0o700);
      await takeLock(lock, `${path} is used by the ${daemon}`);
    } catch (thrown) {
      if (thrown instanceof TuttiError) throw thrown;
      const cause = thrown as Error;
      throw new TuttiError(
        'STATE_NOT_WRITABLE',
        `the ${daemon}'s state directory ${path} cannot be used: ${cause.message}`,
        { cause },
      );
    }
    return new StateDirectory(path, lock);
  }

  /** A random id kept in a file; made at first use. */
  async id(file: string): Promise<string> {
    const kept = await this.secret(file, () => randomBytes(16).toString('hex'));
    if (/^[0-9a-f]{32}$/.test(kept)) return kept;
    throw new TuttiError(
      'STATE_NOT_WRITABLE',
      `${join(this.path, file)} holds no id; delete it to get a new one`,
    );
  }

  /** The contents of a file of mode 0600; made at first use, and on the disk before anybody is told. */
  async secret(file: string, make: () => string): Promise<string> {
    const path = join(this.path, file);
    const kept = await readIfThere(path);
    if (kept !== undefined) return kept.trim();
    const made = make();
    await replaceFile(path, `${made}\n`, 0o600);
    return made;
  }

  async close(): Promise<void> {
    await rm(this.#lock, { force: true });
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function takeLock(lock: string, inUse: string): Promise<void> {
  const self = JSON.stringify(thisProcess());
  for (;;) {
    try {
      await writeFile(lock, self, { flag: 'wx' });
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = await lockHolder(lock);
    if (holder !== undefined && isProcess(holder))
      throw new TuttiError('STATE_IN_USE', `${inUse} with pid ${holder.pid}`);
    await rm(lock, { force: true });
  }
}

async function lockHolder(lock: string): Promise<ProcessIdentity | undefined> {
  try {
    return JSON.parse(await readFile(lock, 'utf8')) as ProcessIdentity;
  } catch {
    return undefined;
  }
}
