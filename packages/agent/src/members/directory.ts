/**
 * Makes a member directory: whole, or not at all. Everything is built beside its place and then renamed into it; what a
 * killed agent left half-made is told by its name.
 */
import { mkdir, open, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { diskError, replaceFile, syncDirectory } from '@tutti/link';
import type { MemberSpec } from '@tutti/protocol';
import type * as z from 'zod';
import { ignore } from '../system/errno.ts';
import { makeFifos } from '../system/fifo.ts';
import { removeTree } from '../system/remove-tree.ts';
import { topologyText } from './environment.ts';
import { Layout } from './layout.ts';
import { type Blobs, makeWorkTree } from './work-tree.ts';
import { WRAPPER } from './wrapper.ts';

/** Names of directories that were being made or removed when an agent was killed. */
export const HALF_MADE = '.tmp';
export const HALF_REMOVED = '.gone';

export function makeDirectory(
  dir: string,
  spec: MemberSpec,
  blobs: Blobs,
  sdkDir: string,
  bootId: string,
): Promise<void> {
  return makeWhole(dir, new Layout(dir + HALF_MADE), { spec, bootId }, async (half) => {
    await makeWorkTree(half.work, spec.files, blobs);
    await mkdir(half.out);
    await mkdir(half.tmp);
    await mkdir(dirname(half.sdkLink));
    await symlink(sdkDir, half.sdkLink);
    await writeFile(half.topology, topologyText(spec));
    if (spec.script.kind === 'inline') await writeScript(half.script, spec.script.text);
  });
}

interface Contents {
  /** As `spec.json`. */
  readonly spec: object;
  readonly bootId: string;
}

/** The directory of a member or a command: `fill` adds what it alone has. Throws `DISK_FULL`. */
export async function makeWhole<L extends Layout>(
  dir: string,
  half: L,
  { spec, bootId }: Contents,
  fill: (half: L) => Promise<void>,
): Promise<void> {
  try {
    await removeTree(half.dir);
    await mkdir(half.dir, { recursive: true, mode: 0o755 });
    await fill(half);
    await writeFile(half.made, bootId);
    await writeFile(half.wrapper, WRAPPER);
    // The logs exist from the start: a full disk then cannot keep a relay from opening its own.
    for (const source of half.sources) await writeFile(half.log(source), '');
    await makeFifos([...half.pipes, half.alive, half.drained]);
    // Durable: an agent that starts after a crash of the machine has to know whose directory it is.
    await replaceFile(half.spec, JSON.stringify(spec), 0o600);
    await rename(half.dir, dir);
    await syncDirectory(dirname(dir));
  } catch (thrown) {
    await removeTree(half.dir);
    throw diskError(dir, thrown);
  }
}

/** For its own user alone, who runs it. */
export async function writeScript(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o700);
  try {
    await file.writeFile(text);
  } finally {
    await file.close();
  }
}

/** Whether what was written when it was made is all there: nothing of it is synced but its spec. */
export async function isWhole(layout: Layout, bootId: string): Promise<boolean> {
  const made = await readFile(layout.made, 'utf8').catch(() => '');
  return made === bootId;
}

/** Undefined when what is there cannot be read as such a spec, as after a loss of power. */
export async function readSpec<S extends z.ZodType>(
  layout: Layout,
  schema: S,
): Promise<z.infer<S> | undefined> {
  try {
    const parsed = schema.safeParse(JSON.parse(await readFile(layout.spec, 'utf8')));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

/** Throws when something in it cannot be removed; what is left is then removed at the agent's next start. */
export async function removeDirectory(dir: string): Promise<void> {
  const going = join(dirname(dir), `${basename(dir)}${HALF_REMOVED}`);
  try {
    await rename(dir, going);
  } catch (thrown) {
    ignore(thrown, 'ENOENT');
  }
  await removeTree(going);
}
