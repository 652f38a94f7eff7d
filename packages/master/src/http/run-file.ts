/**
 * One file of a run directory, open. Whatever the path says and wherever links lead: it is a regular file that lies in that
 * directory and was put there for people. That is decided on the open file, so nothing can be put in its place meanwhile.
 */
import { constants } from 'node:fs';
import { type FileHandle, open, readlink, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { staysBelow, TuttiError } from '@tutti/protocol';
import { isOwnFile } from '../clients/send-results.ts';
import type { OpenFile } from './files.ts';

/** Throws `PATH_ESCAPES`, `NO_SUCH_FILE`. Whoever gets it closes it. */
export async function openRunFile(dir: string, path: string, run: number): Promise<OpenFile> {
  if (!staysBelow(path))
    throw new TuttiError('PATH_ESCAPES', `"${path.slice(0, 200)}" is no path below the directory of a run`);
  const root = await realpath(dir).catch((cause: unknown) => {
    throw missing(run, path, cause);
  });
  // A pipe would wait for its other end.
  const flags = constants.O_RDONLY | constants.O_NONBLOCK;
  const file = await open(join(root, path), flags).catch((cause: unknown) => {
    throw missing(run, path, cause);
  });
  try {
    const { size, mtimeNs, mtimeMs, ino, isFile } = await statOf(file);
    if (!isFile) throw missing(run, path);
    const found = await readlink(`/proc/self/fd/${file.fd}`);
    // Replaced while it was being opened: it has no name any more, and is what was asked for.
    const real = found.replace(/ \(deleted\)$/, '');
    if (!real.startsWith(`${root}/`))
      throw new TuttiError('PATH_ESCAPES', `${path} of run ${run} leads out of the run's directory`);
    if (isOwnFile(real.slice(root.length + 1)) || isOwnFile(path)) throw missing(run, path);
    const etag = `"${ino.toString(36)}-${size.toString(36)}-${mtimeNs.toString(36)}"`;
    return { file, size: Number(size), version: { etag, modified: Number(mtimeMs) } };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function statOf(file: FileHandle) {
  const stat = await file.stat({ bigint: true });
  const { size, mtimeNs, mtimeMs, ino } = stat;
  return { size, mtimeNs, mtimeMs, ino, isFile: stat.isFile() };
}

function missing(run: number, path: string, cause?: unknown): TuttiError {
  const code = (cause as NodeJS.ErrnoException | undefined)?.code;
  if (cause !== undefined && !['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG', 'ENXIO'].includes(code ?? ''))
    return new TuttiError('INTERNAL', `${path} of run ${run} cannot be read: ${code ?? 'unknown'}`, {
      cause,
    });
  return new TuttiError('NO_SUCH_FILE', `run ${run} has no file ${path.slice(0, 1000)}`, { cause });
}
