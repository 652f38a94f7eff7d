/** Where results go: the results directory with `<n>-<suite>/` for each run in it, and `latest`. */
import { access, constants, mkdir, readdir, rename, rm, stat, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { readReport } from '@tutti/client/report';
import { type RunView, staysBelow, TuttiError } from '@tutti/protocol';

/** Makes it, before there are results that could not be kept. Throws `USAGE`. */
export async function prepareResults(root: string): Promise<void> {
  try {
    await make(root);
    if (!(await stat(root)).isDirectory()) throw new Error('it is not a directory');
    await access(root, constants.W_OK | constants.X_OK);
  } catch (cause) {
    const why = (cause as Error).message;
    throw new TuttiError(
      'USAGE',
      `results cannot be written to ${root}: ${why}; name another place with --report`,
      {
        cause,
      },
    );
  }
}

/** The run's own name; another run's results that happen to have it are not overwritten. */
export async function freeDirectory(root: string, { dir, id }: RunView): Promise<string> {
  const name = basename(dir);
  if (!staysBelow(name))
    throw new TuttiError('PATH_ESCAPES', `the master calls the run's directory "${dir}"`);
  const wanted = join(root, name);
  return (await isFree(wanted, id)) ? wanted : `${wanted}-${id.slice(0, 8)}`;
}

/** A link is replaced by renaming a new one over it, so that `latest` always exists. */
export async function pointLatest(root: string, dir: string): Promise<void> {
  const fresh = join(root, `.latest-${process.pid}`);
  await rm(fresh, { force: true });
  await symlink(basename(dir), fresh);
  try {
    await rename(fresh, join(root, 'latest'));
  } catch (error) {
    await rm(fresh, { force: true });
    // A directory of that name is somebody's own: it stays.
    if ((error as NodeJS.ErrnoException).code !== 'EISDIR') throw error;
  }
}

/** Nothing is in it, or an earlier fetch of the same run. */
async function isFree(dir: string, id: string): Promise<boolean> {
  try {
    if ((await readdir(dir)).length === 0) return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
  const report = await readReport(dir).catch(() => undefined);
  return report?.id === id;
}

/** One by one: where a directory cannot be made at all, as in /proc, `recursive` tries for ever. */
async function make(dir: string): Promise<void> {
  try {
    await mkdir(dir);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return;
    if (code !== 'ENOENT' || dirname(dir) === dir) throw error;
    await make(dirname(dir));
    await mkdir(dir);
  }
}
