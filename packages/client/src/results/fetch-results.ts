/**
 * Brings a finished run's directory from a remote master: each file whole or absent, with its permissions, and the
 * links that stay inside.
 *
 * Guarantees: nothing is written outside `dir`, whatever the master sends and whatever links are there already.
 */
import { mkdir, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { diskError } from '@tutti/link';
import { TuttiError } from '@tutti/protocol';
import type { MasterClient } from '../master-client.ts';
import { ResultLinks } from './result-links.ts';
import { ResultSink } from './result-sink.ts';

/**
 * Fetches into `dir`, which is made. Without `logs` the reports only. Returns how many files came. What cannot be
 * written here rejects as `DISK_FULL` or `USAGE`, naming `dir`.
 */
export async function fetchResults(
  client: MasterClient,
  run: number,
  dir: string,
  logs: boolean,
): Promise<number> {
  // The master would tell it back to us, as a failure of its own call.
  let failure: TuttiError | undefined;
  const failed = (path: string, thrown: unknown): TuttiError => {
    failure ??= notWritable(dir, path, thrown);
    return failure;
  };
  await mkdir(dir, { recursive: true }).catch((thrown: unknown) => {
    throw notWritable(dir, dir, thrown);
  });
  const place = (path: string) => placeBelow(dir, path, failed);
  const links = new ResultLinks();
  const stop = client.receive(run, async (target) =>
    target.to === 'resultLink'
      ? links.add(target.path, target.target)
      : ResultSink.create(await place(target.path), target.mode, failed),
  );
  try {
    const { files } = await client.call('run.fetch', { run, logs });
    await links.make(place, failed);
    return files;
  } catch (error) {
    throw failure ?? error;
  } finally {
    stop();
  }
}

/**
 * Where `path` belongs, its directory made. What is no `TreePath` was refused when it came; but a link that is in the
 * way, left by whomever, would lead elsewhere.
 */
async function placeBelow(
  dir: string,
  path: string,
  failed: (path: string, thrown: unknown) => TuttiError,
): Promise<string> {
  const at = join(dir, path);
  try {
    await mkdir(dirname(at), { recursive: true });
    if ((await realpath(dirname(at))) === join(await realpath(dir), dirname(path))) return at;
  } catch (thrown) {
    throw failed(at, thrown);
  }
  throw failed(at, new TuttiError('PATH_ESCAPES', `${dirname(at)} is, or is below, a symbolic link`));
}

function notWritable(dir: string, path: string, thrown: unknown): TuttiError {
  const error = diskError(path, thrown);
  if (error.code !== 'INTERNAL') return error;
  return new TuttiError(
    'USAGE',
    `results cannot be written to ${dir}: ${error.message}; name another place with --report`,
    { cause: thrown },
  );
}
