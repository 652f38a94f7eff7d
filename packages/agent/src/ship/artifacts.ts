/**
 * What a member left in `$TUTTI_OUT`: regular files and links that stay inside; everything else is listed as skipped.
 * Looked at once, after the member has ended and nothing should write there any more; what changes all the same is
 * shipped as it was then, or skipped, never half.
 */
import { lstat } from 'node:fs/promises';
import type { CallParams } from '@tutti/protocol';
import { type Walked, walk } from '../files/walk.ts';

export type Artifacts = Pick<Walked, 'files' | 'links' | 'skipped'>;

/** Of links, and of what was skipped, in one message: two thirds of a frame together. */
const LISTED_BYTES = 350_000;

/** Never rejects: what cannot be looked at is skipped, the whole directory too. */
export async function findArtifacts(out: string): Promise<Artifacts> {
  const found: Artifacts = { files: [], links: [], skipped: [] };
  try {
    // A link there would show the whole machine.
    if ((await lstat(out)).isDirectory()) {
      const { files, links, skipped } = await walk(out, { name: '$TUTTI_OUT' });
      return { files, links, skipped };
    }
    found.skipped.push({ path: '.', why: '$TUTTI_OUT is not a directory any more' });
  } catch (error) {
    found.skipped.push({ path: '.', why: (error as Error).message });
  }
  return found;
}

type Listed = Pick<CallParams<'member.collected'>, 'links' | 'skipped'>;

/** What goes into one message: links beyond its bound are skipped, and of what is skipped beyond it only the number is told. */
export function listed({ links, skipped }: Artifacts): Listed {
  const kept = fitting(links, ({ path, target }) => path + target);
  const beyond = links.slice(kept.length).map(({ path }) => ({ path, why: 'there are too many links' }));
  const all = [...skipped, ...beyond];
  const told = fitting(all, ({ path, why }) => path + why);
  if (told.length < all.length) told.push({ path: '…', why: `and ${all.length - told.length} more` });
  return { links: kept, skipped: told };
}

/** The first of them that fit; some bytes are added to each for what surrounds its text. */
function fitting<T>(items: readonly T[], text: (item: T) => string): T[] {
  let room = LISTED_BYTES;
  const end = items.findIndex((item) => {
    room -= Buffer.byteLength(text(item)) + 20;
    return room < 0;
  });
  return end === -1 ? [...items] : items.slice(0, end);
}
