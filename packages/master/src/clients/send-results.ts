/**
 * A finished run's directory on its way to a client: files with their permissions, then the links that stay inside.
 * Links come last, when nothing is written any more that could go through one.
 */
import { readdir, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type ByteSource, FileSource, type Session } from '@tutti/link';
import { linkStaysBelow } from '@tutti/protocol';

/** The master's own beside what members left: indexes of logs, and artifacts that did not come whole. */
const OWN = /(?:^|\/)(?:[^/]+\.log\.idx|\.part-[0-9a-f]+)$/;
/** At the top of a run directory: whose the run is, and reports that are being written. */
const OWN_AT_TOP = /^\.[^/]*$/;
const PERMISSIONS = 0o777;
const NOTHING: ByteSource = { read: async () => 0 };

type Sender = Pick<Session<'master→client', 'client→master'>, 'openStream'>;

/** Of the master alone, by its path in the run directory. */
export function isOwnFile(path: string): boolean {
  return (OWN.test(path) && !path.includes('/out/')) || OWN_AT_TOP.test(path);
}

/** Without `logs` only the reports at its top. Returns how many files it was. */
export async function sendResults(
  dir: string,
  run: number,
  logs: boolean,
  session: Sender,
  signal: AbortSignal,
): Promise<number> {
  const links: string[] = [];
  let files = 0;
  for await (const { path, isLink } of walk(dir, '', logs)) {
    signal.throwIfAborted();
    if (isOwnFile(path)) continue;
    if (isLink) {
      links.push(path);
      continue;
    }
    await sendFile(dir, path, run, session);
    files += 1;
  }
  for (const path of links) {
    signal.throwIfAborted();
    await sendLink(dir, path, run, session);
  }
  return files;
}

/** Files and links below `dir`. Not by `readdir`'s own recursion: that goes through links, in circles where they lead. */
async function* walk(
  dir: string,
  below: string,
  deep: boolean,
): AsyncGenerator<{ path: string; isLink: boolean }> {
  for (const entry of await readdir(join(dir, below), { withFileTypes: true })) {
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    if (entry.isSymbolicLink() || entry.isFile()) yield { path, isLink: entry.isSymbolicLink() };
    else if (entry.isDirectory() && deep) yield* walk(dir, path, deep);
  }
}

async function sendFile(dir: string, path: string, run: number, session: Sender): Promise<void> {
  const { size, mode } = await stat(join(dir, path));
  const source = new FileSource(join(dir, path));
  try {
    const target = { to: 'result', run, path, size, mode: mode & PERMISSIONS } as const;
    const stream = await session.openStream(target, source);
    await stream.finish(size);
  } finally {
    await source.close();
  }
}

/** What leads out of the directory means nothing on another machine. */
async function sendLink(dir: string, path: string, run: number, session: Sender): Promise<void> {
  const target = await readlink(join(dir, path));
  if (!linkStaysBelow(path, target)) return;
  const stream = await session.openStream({ to: 'resultLink', run, path, target }, NOTHING);
  await stream.finish(0);
}
