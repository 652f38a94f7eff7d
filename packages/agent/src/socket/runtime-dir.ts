/**
 * Where local sockets live. A socket's path has room for about a hundred bytes, which a state directory may not leave:
 * /run/tutti where it can be made, else a private temporary directory that is found again after a restart.
 */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { access, constants, lstat, mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UNFINISHED } from './local-server.ts';

/** What `sun_path` holds, less a temporary ending and the terminating NUL. */
const PATH_BYTES = 107 - UNFINISHED.length;

export async function openRuntimeDir(stateDir: string, configured?: string): Promise<string> {
  if (configured !== undefined) {
    await mkdir(configured, { recursive: true, mode: 0o755 });
    return configured;
  }
  if (await isUsable('/run/tutti')) return '/run/tutti';
  const note = join(stateDir, 'runtime-dir');
  const earlier = await readFile(note, 'utf8').catch(() => '');
  if (earlier !== '' && (await isPrivate(earlier))) return earlier;
  const base = tmpdir();
  const made = await mkdtemp(join(base.length < 64 ? base : '/tmp', 'tutti-'));
  await writeFile(note, made);
  return made;
}

/** A path for a new socket. */
export function socketPath(runtimeDir: string): string {
  let path: string;
  do path = join(runtimeDir, `${randomBytes(4).toString('hex')}.sock`);
  while (existsSync(path));
  if (Buffer.byteLength(path) > PATH_BYTES)
    throw new RangeError(`${runtimeDir} is too long a path for sockets to be in`);
  return path;
}

async function isUsable(path: string): Promise<boolean> {
  try {
    // Scripts of other users must be able to reach their sockets; each has its own mode.
    await mkdir(path, { recursive: true, mode: 0o755 });
    await access(path, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function isPrivate(path: string): Promise<boolean> {
  try {
    const stats = await lstat(path);
    return stats.isDirectory() && stats.uid === process.getuid?.() && (stats.mode & 0o077) === 0;
  } catch {
    return false;
  }
}
