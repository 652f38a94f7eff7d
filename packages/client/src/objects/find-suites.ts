/** The suites of a folder, by name, without reading more of them than it takes to see that they are some. */
import { open, readdir, stat } from 'node:fs/promises';
import { basename, extname, join, resolve } from 'node:path';
import { TuttiError } from '@tutti/protocol';

export interface FoundSuite {
  /** The file's or the folder's, without an ending. */
  readonly name: string;
  /** Absolute. */
  readonly path: string;
}

const ENDINGS = new Set(['.yaml', '.yml']);
const SCRIPT = /\.test\.[A-Za-z0-9]+$/;
/** Keys that no suite is without one of. */
const SUITE_KEY = /(?:^|[{,])\s*["']?(?:suite|tests|include)["']?\s*:/m;
const HEAD_BYTES = 64 * 1024;
const SKIPPED = new Set(['node_modules', 'tutti-results', 'latest']);

/** Suite files in the folder, folders in it that are suites, and the folder itself. Throws `USAGE`. */
export async function findSuites(folder: string, cwd: string): Promise<FoundSuite[]> {
  const root = resolve(cwd, folder);
  const entries = await readdir(root, { withFileTypes: true }).catch((cause: unknown) => {
    throw new TuttiError('USAGE', `${folder} has no suites: ${(cause as Error).message}`, { cause });
  });
  const found: FoundSuite[] = [];
  for (const { name } of entries) {
    const path = join(root, name);
    if (name.startsWith('.') || SKIPPED.has(name)) continue;
    const kind = await stat(path).catch(() => undefined);
    if (kind?.isFile() && (await isSuiteFile(path))) found.push({ name: stem(path, root), path });
    if (kind?.isDirectory() && (await isSuiteFolder(path))) found.push({ name, path });
  }
  if (entries.some(({ name }) => SCRIPT.test(name))) found.push({ name: basename(root), path: root });
  return distinct(found).toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** A file `suite.yaml` speaks for its folder. */
function stem(path: string, root: string): string {
  const name = basename(path, extname(path));
  return name === 'suite' ? basename(root) : name;
}

async function isSuiteFolder(path: string): Promise<boolean> {
  const names = await readdir(path).catch((): string[] => []);
  return names.some((name) => name === 'suite.yaml' || name === 'suite.yml' || SCRIPT.test(name));
}

async function isSuiteFile(path: string): Promise<boolean> {
  if (!ENDINGS.has(extname(path))) return false;
  try {
    await using file = await open(path);
    const { buffer, bytesRead } = await file.read({ buffer: new Uint8Array(HEAD_BYTES) });
    return SUITE_KEY.test(new TextDecoder().decode(buffer.subarray(0, bytesRead)));
  } catch {
    return false;
  }
}

/** Of one name the file comes before the folder. */
function distinct(found: readonly FoundSuite[]): FoundSuite[] {
  return [...new Map(found.toReversed().map((each) => [each.name, each])).values()];
}
