/** The files of a run directory, a page at a time, in the order of their paths; nothing is kept between pages. */
import { lstat, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { linkStaysBelow } from '@tutti/protocol';
import { isOwnFile } from '../clients/send-results.ts';
import type { FilePage } from './routes.ts';

/** A page with long names stays within a few hundred KiB. */
const PAGE = 1000;

export async function listFiles(dir: string, after: string | undefined): Promise<FilePage> {
  const files: FilePage['files'] = [];
  for await (const path of pathsBehind(dir, '', after?.split('/'))) {
    if (isOwnFile(path)) continue;
    const found = await fileOf(dir, path);
    if (found === undefined) continue;
    if (files.length === PAGE) return { files, more: true };
    files.push(found);
  }
  return { files, more: false };
}

/** Undefined for what went meanwhile, and for links that mean nothing elsewhere. */
async function fileOf(dir: string, path: string): Promise<FilePage['files'][number] | undefined> {
  try {
    const stat = await lstat(join(dir, path));
    const common = { path, size: stat.size, modified: Math.floor(stat.mtimeMs) };
    if (!stat.isSymbolicLink()) return common;
    const link = await readlink(join(dir, path));
    return linkStaysBelow(path, link) ? { ...common, link } : undefined;
  } catch {
    return undefined;
  }
}

/** Files and links, directory by directory. Of what lies before `after`, part by part, nothing is looked at. */
async function* pathsBehind(
  dir: string,
  below: string,
  after: readonly string[] | undefined,
): AsyncGenerator<string> {
  const [first, ...rest] = after ?? [];
  const entries = await readdir(join(dir, below), { withFileTypes: true }).catch(() => []);
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    if (first !== undefined && entry.name < first) continue;
    const path = below === '' ? entry.name : `${below}/${entry.name}`;
    const isAt = entry.name === first;
    if (entry.isDirectory()) yield* pathsBehind(dir, path, isAt && rest.length > 0 ? rest : undefined);
    else if (!isAt && (entry.isFile() || entry.isSymbolicLink())) yield path;
  }
}
