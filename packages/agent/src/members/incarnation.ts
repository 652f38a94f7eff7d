/** What one boot's worth of a member needs in the member directory: its logs, and the FIFOs that tell whether it lives. */
import { readdirSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { diskError } from '@tutti/link';
import { makeFifos } from '../system/fifo.ts';
import type { Layout } from './layout.ts';

/** The last one that was decided to start. */
export function latestIncarnation(dir: string): number {
  const started = readdirSync(dir).map((name) => Number(/^started\.(\d+)$/.exec(name)?.[1] ?? 0));
  return Math.max(0, ...started);
}

/** Makes a further one; what an agent that was killed in the middle of this left is used or replaced. */
export async function makeIncarnation(layout: Layout): Promise<void> {
  try {
    for (const source of layout.sources) await writeFile(layout.log(source), '', { flag: 'a' });
    const lines = [layout.alive, layout.drained];
    for (const line of lines) await rm(line, { force: true });
    await makeFifos(lines);
  } catch (thrown) {
    throw diskError(layout.dir, thrown);
  }
}
