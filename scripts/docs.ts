/**
 * Generates the reference pages from the tables in the code: docs/protocol.md, docs/errors.md, docs/schema/*.json.
 *
 *     node scripts/docs.ts            writes them
 *     node scripts/docs.ts --check    says which are stale; exit status 1 if any is
 *     … --dir DIR                     another directory than docs/
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { pages } from './docs/pages.ts';

const root = join(import.meta.dirname, '..');
const { values } = parseArgs({
  options: {
    check: { type: 'boolean', default: false },
    dir: { type: 'string', default: join(root, 'docs') },
  },
});

if (values.check) check(values.dir);
else write(values.dir);

function write(directory: string): void {
  for (const [name, text] of pages()) {
    const path = join(directory, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}

function check(directory: string): void {
  const stale = [...pages()].filter(([name, text]) => current(join(directory, name)) !== text);
  for (const [name] of stale) {
    console.error(`${relative(process.cwd(), join(directory, name))} is stale: it is not what the code says`);
  }
  if (stale.length === 0) return;
  console.error('run: npm run docs');
  process.exitCode = 1;
}

function current(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
