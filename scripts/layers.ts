/**
 * The layer rule: which package's sources may import which (docs/architecture.md has the picture). Guarantees that no
 * import in packages/*\/src, of whatever form, goes against these arrows, by name or by a relative path.
 *
 * It does not see imports whose module is computed at run time.
 */
import { globSync, readFileSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Import, importsOf } from './imports.ts';

type Access = 'any' | 'dynamic';

/** package → what it may import, and how. The command loads the daemons only when it becomes one of them. */
const ARROWS: Record<string, Record<string, Access>> = {
  protocol: {},
  link: { protocol: 'any' },
  agent: { link: 'any', protocol: 'any' },
  master: { link: 'any', protocol: 'any' },
  client: { link: 'any', protocol: 'any' },
  sdk: { protocol: 'any' },
  cli: { client: 'any', protocol: 'any', agent: 'dynamic', master: 'dynamic' },
  testkit: {
    agent: 'any',
    cli: 'any',
    client: 'any',
    link: 'any',
    master: 'any',
    protocol: 'any',
    sdk: 'any',
  },
};

export interface LayerReport {
  files: number;
  /** `file:line: what is wrong`, with the file relative to the root. */
  violations: string[];
}

/** @throws Error when there is nothing to read: a rule that reads nothing proves nothing */
export function checkLayers(root: string): LayerReport {
  const files = globSync('packages/*/src/**/*.{ts,mts,cts,js,mjs,cjs}', { cwd: root }).toSorted();
  if (files.length === 0) throw new Error(`layers: no source files below ${join(root, 'packages')}`);
  const violations = files.flatMap((file) =>
    importsOf(file, readFileSync(join(root, file), 'utf8')).flatMap((found) => {
      const problem = judge(root, file, found);
      return problem === undefined ? [] : [`${file}:${found.line}: ${problem}`];
    }),
  );
  return { files: files.length, violations };
}

/** What is wrong with an import, or undefined. */
function judge(root: string, file: string, { specifier, kind }: Import): string | undefined {
  const from = packageOf(file);
  const allowed = ARROWS[from];
  if (allowed === undefined)
    return `package ${from} has no place among the layers: add it to scripts/layers.ts`;
  if (specifier === 'tutti' || specifier.startsWith('tutti/')) {
    return `${from} imports the built package "${specifier}": import from @tutti/sdk`;
  }
  const to = targetOf(root, file, specifier);
  if (to === undefined || to === from) return undefined;
  const access = allowed[to];
  if (access === undefined) return `${from} may not import ${to} ("${specifier}")`;
  if (access === 'dynamic' && kind !== 'dynamic') {
    return `${from} may import ${to} only through import() ("${specifier}")`;
  }
  if (specifier.startsWith('.')) return `${from} imports ${to} by path ("${specifier}"): use "@tutti/${to}"`;
  return undefined;
}

/** The workspace that a specifier leads to, or undefined where it leads elsewhere. */
function targetOf(root: string, file: string, specifier: string): string | undefined {
  if (specifier.startsWith('@tutti/')) return specifier.split('/')[1];
  if (!specifier.startsWith('.') && !specifier.startsWith('/')) return undefined;
  const path = relative(root, resolve(root, file, '..', specifier));
  return path.startsWith(`packages${sep}`) ? packageOf(path) : undefined;
}

function packageOf(path: string): string {
  return path.split(sep)[1] ?? '';
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { files, violations } = checkLayers(process.argv[2] ?? join(import.meta.dirname, '..'));
  for (const violation of violations) console.error(violation);
  if (violations.length > 0) process.exitCode = 1;
  else console.error(`layers: ${files} files, all imports as allowed`);
}
