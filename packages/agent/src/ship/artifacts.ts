/**
 * What a member left in `$TUTTI_OUT`: regular files and links that stay inside; everything else is listed as skipped.
 * Looked at once, after the member has ended and nothing should write there any more; what changes all the same is
 * shipped as it was then, or skipped, never half.
 */
import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { FileSource } from '@tutti/link';
import { type CallParams, linkStaysBelow, TuttiError } from '@tutti/protocol';

export interface Artifacts {
  files: { path: string; size: number; mode: number }[];
  links: { path: string; target: string }[];
  skipped: { path: string; why: string }[];
}

/** Of links, and of what was skipped, in one message: two thirds of a frame together. */
const LISTED_BYTES = 350_000;
const READ_BYTES = 1024 * 1024;

/** Never rejects: what cannot be looked at is skipped, the whole directory too. */
export async function findArtifacts(out: string): Promise<Artifacts> {
  const found: Artifacts = { files: [], links: [], skipped: [] };
  try {
    // A link there would show the whole machine.
    if ((await lstat(out)).isDirectory()) await walk(out, '', found);
    else found.skipped.push({ path: '.', why: '$TUTTI_OUT is not a directory any more' });
  } catch (error) {
    found.skipped.push({ path: '.', why: (error as Error).message });
  }
  return found;
}

/** A file as long as it was when it was looked at. */
export class ArtifactFile extends FileSource {
  readonly #size: number;

  constructor(path: string, size: number) {
    super(path);
    this.#size = size;
  }

  override async read(offset: number, into: Uint8Array): Promise<number> {
    const wanted = into.subarray(0, this.#size - offset);
    const length = await super.read(offset, wanted);
    // Without this the receiver would wait for the rest for ever.
    if (length === 0 && wanted.byteLength > 0)
      throw new TuttiError('DIGEST_MISMATCH', 'it became shorter while it was read');
    return length;
  }

  async digest(): Promise<string> {
    const hash = createHash('sha256');
    const buffer = Buffer.allocUnsafe(Math.min(this.#size, READ_BYTES));
    for (let offset = 0; offset < this.#size; ) {
      const length = await this.read(offset, buffer);
      hash.update(buffer.subarray(0, length));
      offset += length;
    }
    return hash.digest('hex');
  }
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

async function walk(root: string, below: string, found: Artifacts): Promise<void> {
  // Names that are not UTF-8 would come back changed; as bytes they can at least be told apart.
  const names = await readdir(join(root, below), { encoding: 'buffer' });
  for (const bytes of names) {
    const name = bytes.toString('utf8');
    const path = below === '' ? name : `${below}/${name}`;
    if (!isUtf8(bytes)) found.skipped.push({ path, why: 'its name is not UTF-8' });
    else await look(root, path, found);
  }
}

async function look(root: string, path: string, found: Artifacts): Promise<void> {
  const at = join(root, path);
  try {
    const stats = await lstat(at);
    if (stats.isDirectory()) await walk(root, path, found);
    else if (stats.isFile()) found.files.push({ path, size: stats.size, mode: stats.mode & 0o777 });
    else if (stats.isSymbolicLink()) lookAtLink(path, await readlink(at, { encoding: 'buffer' }), found);
    else found.skipped.push({ path, why: 'neither a file nor a directory nor a link' });
  } catch (error) {
    found.skipped.push({ path, why: (error as Error).message });
  }
}

function lookAtLink(path: string, bytes: Buffer, { links, skipped }: Artifacts): void {
  const target = bytes.toString('utf8');
  if (!isUtf8(bytes)) skipped.push({ path, why: 'a link whose target is not UTF-8' });
  else if (linkStaysBelow(path, target)) links.push({ path, target });
  else skipped.push({ path, why: `a link that leads out of $TUTTI_OUT, to ${target}` });
}
