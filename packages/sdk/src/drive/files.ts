/** Files and directories between the driver's machine and another. */
import { promises } from 'node:fs'; // loaded when it is first used, unlike node:fs/promises
import { join, resolve } from 'node:path';
import { TuttiError } from '../errors.ts';
import { askWithin, type Place, shown } from './call.ts';
import { secondsFor, type WaitOptions } from './wait.ts';

export interface PutOptions extends WaitOptions {
  /** Permissions of a file: 0o755. Default: those it has here; for contents 0o644. */
  mode?: number | undefined;
}

export interface Content {
  readonly content: string | Uint8Array;
}

export interface Transferred {
  readonly files: number;
  readonly bytes: number;
}

/** @throws TuttiError NO_SUCH_FILE */
export async function put(
  place: Place,
  local: string | Content,
  path: string,
  options: PutOptions,
): Promise<Transferred> {
  if (typeof local !== 'string') {
    return inTemporaryDirectory(async (dir) => {
      const from = join(dir, 'content');
      await promises.writeFile(from, local.content);
      return send(place, from, path, { ...options, mode: options.mode ?? 0o644 }, 'contents');
    });
  }
  const from = resolve(local);
  await promises.stat(from).catch((cause: unknown) => {
    throw new TuttiError(
      'NO_SUCH_FILE',
      `put ${local} to ${shown(place)}: there is no ${from} on the driver's machine`,
      { cause },
    );
  });
  return send(place, from, path, options, local);
}

async function send(
  place: Place,
  from: string,
  path: string,
  { mode, timeout, signal }: PutOptions,
  shownAs: string,
): Promise<Transferred> {
  const title = `put ${shownAs} to ${path} on ${shown(place)}`;
  const bounds = { timeout: secondsFor(timeout), signal, title };
  return (await askWithin(place, 'put', { from, path, mode }, bounds)) as Transferred;
}

/** Into a file or directory of the driver's machine, or, without one, a file's contents. */
export async function get(
  place: Place,
  path: string,
  local: string | undefined,
  { timeout, signal }: WaitOptions,
): Promise<Transferred | Buffer> {
  const title = `get ${path} from ${shown(place)}`;
  const bounds = { timeout: secondsFor(timeout), signal, title };
  const fetch = async (to: string): Promise<Transferred> =>
    (await askWithin(place, 'get', { path, to }, bounds)) as Transferred;
  if (local !== undefined) return fetch(resolve(local));
  return inTemporaryDirectory(async (dir) => {
    const to = join(dir, 'content');
    await fetch(to);
    if ((await promises.stat(to)).isDirectory())
      throw new TuttiError('BAD_PARAMS', `${title}: it is a directory; say where to put it`);
    return promises.readFile(to);
  });
}

async function inTemporaryDirectory<T>(work: (dir: string) => Promise<T>): Promise<T> {
  const dir = await promises.mkdtemp(join(process.env['TMPDIR'] ?? '/tmp', 'tutti-'));
  try {
    return await work(dir);
  } finally {
    await promises.rm(dir, { recursive: true, force: true });
  }
}
