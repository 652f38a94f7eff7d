/** One path on disk, looked at without following it: an entry to stage, or what else it is. */
import { lstat, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { linkStaysBelow, TuttiError } from '@tutti/protocol';
import type { Found } from './found.ts';
import { cannotRead } from './unreadable.ts';

/** What has no contents to send. */
export interface Other {
  readonly kind: 'other';
  readonly path: string;
  readonly what: 'a socket' | 'a FIFO' | 'a device';
}

export async function look(root: string, path: string): Promise<Found | Other> {
  const absolute = join(root, path);
  try {
    const stats = await lstat(absolute);
    const mode = stats.mode & 0o777;
    if (stats.isFile()) return { kind: 'file', path, absolute, mode, size: stats.size };
    if (stats.isDirectory()) return { kind: 'dir', path, absolute, mode };
    if (stats.isSymbolicLink())
      return { kind: 'link', path, absolute, target: staying(path, await readlink(absolute)) };
    return {
      kind: 'other',
      path,
      what: stats.isSocket() ? 'a socket' : stats.isFIFO() ? 'a FIFO' : 'a device',
    };
  } catch (cause) {
    throw cannotRead(path, cause);
  }
}

function staying(path: string, target: string): string {
  if (linkStaysBelow(path, target)) return target;
  throw new TuttiError(
    'PATH_ESCAPES',
    `the link ${path} points to ${target}, outside of what machines get: ` +
      'keep its target inside and the link relative, replace it by a copy, or list it in .tuttiignore',
    { details: { path, target } },
  );
}
