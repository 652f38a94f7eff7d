/**
 * What was found, with digests: the manifest that goes to the master and where its contents are.
 *
 * Guarantees sorted paths (so parents come before what they hold, and the same folder gives the same
 * manifest) and sizes that belong to the digests. A file that changes later is caught by its digest.
 */
import { createHash, hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { Manifest, TreeEntry } from '@tutti/protocol';
import type { Found } from './found.ts';
import { cannotRead } from './unreadable.ts';

/** Files read at a time: more only makes a spinning disk seek. */
const READERS = 4;
const SMALL_BYTES = 256 * 1024;

export interface Staged {
  readonly files: Manifest;
  /** Digest → a file with these contents. */
  readonly sources: Map<string, string>;
}

export async function manifestOf(found: readonly Found[]): Promise<Staged> {
  const sorted = [...found].toSorted((a, b) => (a.path < b.path ? -1 : 1));
  const files: TreeEntry[] = [];
  const sources = new Map<string, string>();
  const queue = shared(sorted);
  const reader = async (): Promise<void> => {
    for (const [at, entry] of queue) {
      files[at] = await entryOf(entry);
      if (files[at].kind === 'file') sources.set(files[at].digest, entry.absolute);
    }
  };
  const outcomes = await Promise.allSettled(Array.from({ length: READERS }, reader));
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  return { files, sources };
}

/** Each entry goes to one of the loops over it; a loop that fails ends it for all, which an array's iterator does not. */
function* shared(entries: readonly Found[]): Generator<[number, Found]> {
  yield* entries.entries();
}

async function entryOf(found: Found): Promise<TreeEntry> {
  const { path } = found;
  if (found.kind === 'dir') return { kind: 'dir', path, mode: found.mode };
  if (found.kind === 'link') return { kind: 'link', path, target: found.target };
  return { kind: 'file', path, mode: found.mode, ...(await digestOf(found)) };
}

async function digestOf(found: Extract<Found, { kind: 'file' }>): Promise<{ size: number; digest: string }> {
  try {
    // A stream costs several times what a small file does, and suites have thousands of those.
    if (found.size <= SMALL_BYTES) {
      const bytes = await readFile(found.absolute);
      return { size: bytes.byteLength, digest: hash('sha256', bytes) };
    }
    const sum = createHash('sha256');
    let size = 0;
    for await (const chunk of createReadStream(found.absolute, { highWaterMark: SMALL_BYTES })) {
      sum.update(chunk as Buffer);
      size += (chunk as Buffer).byteLength;
    }
    return { size, digest: sum.digest('hex') };
  } catch (cause) {
    throw cannotRead(found.path, cause);
  }
}
