/** Keeps the cache below its size: the contents used longest ago go first, those used recently never. */
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

export interface PruneOptions {
  readonly limit: number;
  readonly keepMs: number;
  /** Partial files being written. */
  readonly busy: ReadonlySet<string>;
}

interface Found {
  readonly path: string;
  readonly size: number;
  /** The modification time stands for the last use. */
  readonly used: number;
}

export async function prune(dir: string, options: PruneOptions): Promise<void> {
  const found = await list(dir);
  let total = found.reduce((sum, each) => sum + each.size, 0);
  const oldest = Date.now() - options.keepMs;
  for (const each of found.toSorted((a, b) => a.used - b.used)) {
    if (total <= options.limit || each.used > oldest) return;
    if (options.busy.has(each.path)) continue;
    await rm(each.path, { force: true });
    total -= each.size;
  }
}

async function list(dir: string): Promise<Found[]> {
  const found: Found[] = [];
  for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    try {
      const { size, mtimeMs } = await stat(path);
      found.push({ path, size, used: mtimeMs });
    } catch {
      // Renamed or removed meanwhile.
    }
  }
  return found;
}
