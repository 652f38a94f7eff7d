/**
 * What a machine that lost its power leaves of a directory: every file cut to a random length, none below what was last brought to
 * the disk.
 *
 * A file keeps what was safe under whatever name. One that was replaced by a rename after it was last recorded is left whole:
 * whoever replaces a file durably has synced the new one before its rename.
 */
import { existsSync, lstatSync, readdirSync, readFileSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';

export interface SyncRecord {
  path: string;
  size: number;
  ino: number;
}

export interface Cut {
  path: string;
  ino: number;
  from: number;
  to: number;
}

/** In the order in which they became true. */
export function readSynced(file: string): SyncRecord[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as SyncRecord);
}

/** How long a file may be after the crash, at least. */
export function safeLength(file: SyncRecord, synced: readonly SyncRecord[]): number {
  const itself = synced.findLast(({ ino }) => ino === file.ino);
  if (itself !== undefined) return Math.min(itself.size, file.size);
  return synced.some(({ path }) => path === file.path) ? file.size : 0;
}

export interface CutOptions {
  /** As it is reached from here. */
  dir: string;
  /** As its own machine calls it. */
  ownName: string;
  synced: readonly SyncRecord[];
  random: () => number;
}

/** All that is below the directory, whether it was shortened or not. */
export function cutFiles({ dir, ownName, synced, random }: CutOptions): Cut[] {
  return filesBelow(dir).map((path) => {
    const { size, ino } = statSync(path);
    const least = safeLength({ path: path.replace(dir, ownName), size, ino }, synced);
    const to = least + Math.floor(random() * (size - least + 1));
    if (to < size) truncateSync(path, to);
    return { path, ino, from: size, to };
  });
}

function filesBelow(dir: string): string[] {
  return readdirSync(dir)
    .toSorted()
    .flatMap((name) => {
      const path = join(dir, name);
      const found = lstatSync(path);
      if (found.isDirectory()) return filesBelow(path);
      return found.isFile() ? [path] : [];
    });
}
