/** One file of a run's report on its way to a client, as it is at this moment. */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { ByteSource, Session } from '@tutti/link';

type Sender = Pick<Session<'master→client', 'client→master'>, 'openStream'>;

const PERMISSIONS = 0o777;

/** False where there is no such file. */
export async function sendReport(dir: string, name: string, run: number, session: Sender): Promise<boolean> {
  const file = await open(join(dir, name), 'r').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  });
  if (file === undefined) return false;
  try {
    // Of the file that is open: the next report takes its name, not its place.
    const { size, mode } = await file.stat();
    const source: ByteSource = {
      read: async (offset, into) => (await file.read(into, 0, into.byteLength, offset)).bytesRead,
    };
    const target = { to: 'result', run, path: name, size, mode: mode & PERMISSIONS } as const;
    const stream = await session.openStream(target, source);
    await stream.finish(size);
    return true;
  } finally {
    await file.close();
  }
}
