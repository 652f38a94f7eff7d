/** Where the results of a remote run go: `<n>-<suite>/` below the results directory, and `latest`. */
import { mkdir, rename, rm, symlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { readReport } from '@tutti/client';
import type { RunView } from '@tutti/protocol';

/** The run's own name; another run's results that happen to have it are not overwritten. */
export async function freeDirectory(root: string, { dir, id }: RunView): Promise<string> {
  const wanted = join(root, basename(dir));
  const there = await readReport(wanted).catch(() => undefined);
  return there === undefined || there.id === id ? wanted : `${wanted}-${id.slice(0, 8)}`;
}

/** A link is replaced by renaming a new one over it, so that `latest` always exists. */
export async function pointLatest(root: string, dir: string): Promise<void> {
  await mkdir(root, { recursive: true });
  const fresh = join(root, `.latest-${process.pid}`);
  await rm(fresh, { force: true });
  await symlink(basename(dir), fresh);
  await rename(fresh, join(root, 'latest'));
}
