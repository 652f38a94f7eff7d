/**
 * Builds dist/: the command, the SDK with its types, and the shim (see tsup.config.ts).
 *
 * Everything is built beside dist/ and moved there in the end: dist/ is never half built, and a failed build leaves the
 * old one alone. `dist/.stamp` carries the time the build began: what is newer than that is not in it.
 */

import { existsSync, readFileSync } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'tsup';
import { bundles } from '../tsup.config.ts';
import { emitDeclarations, emitPackageDeclarations } from './declarations.ts';

process.chdir(join(import.meta.dirname, '..'));

const began = performance.now();
const staged = await mkdtemp('.dist-');
try {
  await writeFile(join(staged, '.stamp'), '');
  await Promise.all([
    ...bundles.map((bundle) => build({ ...bundle, outDir: stagedPath(bundle.outDir) })),
    emitDeclarations('packages/sdk/src/index.ts', join(staged, 'sdk')),
    emitPackageDeclarations('packages/client/src/program.ts', join(staged, 'types'), installed()),
    writeSdkPackage(join(staged, 'sdk')),
    copyPython(join(staged, 'sdk/python')),
    // Read at run time, from beside the bundle.
    cp('packages/master/src/store/migrations', join(staged, 'migrations'), { recursive: true }),
  ]);
  await chmod(staged, 0o755); // a temporary directory is private, but a test's scripts may run as another user
  await swap(staged, 'dist');
} finally {
  await rm(staged, { recursive: true, force: true });
}
console.error(`tutti: built dist/ in ${((performance.now() - began) / 1000).toFixed(1)} s`);

function stagedPath(outDir: string | undefined): string {
  return join(staged, (outDir ?? 'dist').replace(/^dist\/?/, ''));
}

async function copyPython(to: string): Promise<void> {
  await cp('packages/sdk/python/tutti', join(to, 'tutti'), {
    recursive: true,
    filter: (path) => !path.endsWith('__pycache__'),
  });
}

/** The folder is put at `node_modules/tutti` beside a test's scripts: `import 'tutti'` finds it through this. */
async function writeSdkPackage(to: string): Promise<void> {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  const entry = { types: './index.d.ts', default: './index.js' };
  const description = { name: 'tutti', version, type: 'module', exports: { '.': entry } };
  await mkdir(to, { recursive: true });
  await writeFile(join(to, 'package.json'), `${JSON.stringify(description, null, 2)}\n`);
}

/** What whoever installs this package has as well. */
function installed(): string[] {
  const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as { dependencies: object };
  return Object.keys(dependencies);
}

/** A directory cannot replace a full one in one step, so for an instant there is none. */
async function swap(from: string, to: string): Promise<void> {
  const old = `${from}-old`;
  if (existsSync(to)) await rename(to, old);
  await rename(from, to);
  await rm(old, { recursive: true, force: true });
}
