/** docs/dependencies.md and package.json agree, and packages depend on the versions that the root pins. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Lockfile, missingEntries } from '../../scripts/lockfile.ts';

const root = join(import.meta.dirname, '../..');

interface Package {
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}

const main = read('package.json') as Package;
const runtime = { ...main.dependencies, ...main.optionalDependencies };

test('every dependency has its reason on the page, and the page names no other', () => {
  expect(documented('At run time')).toEqual(Object.keys(runtime).toSorted());
  expect(documented('For developing')).toEqual(Object.keys(main.devDependencies ?? {}).toSorted());
});

test('the lockfile has them as package.json does: npm install leaves it as it is', () => {
  const locked = (read('package-lock.json') as Lockfile).packages[''] as Package;
  expect(locked.dependencies).toEqual(main.dependencies);
  expect(locked.optionalDependencies).toEqual(main.optionalDependencies);
  expect(locked.devDependencies).toEqual(main.devDependencies);
});

test('what is to come later is not there yet', () => {
  const installed = Object.keys({ ...runtime, ...main.devDependencies });
  expect(documented('Later').filter((name) => installed.includes(name))).toEqual([]);
});

test('every version is exact', () => {
  for (const [name, version] of Object.entries({ ...runtime, ...main.devDependencies })) {
    expect(version, name).toMatch(/^\d+\.\d+\.\d+$/);
  }
});

test('a package depends on the very versions that the published root does', () => {
  const packages = globSync('packages/*/package.json', { cwd: root });
  expect(packages.length).toBeGreaterThan(0);
  for (const file of packages) {
    for (const [name, version] of Object.entries((read(file) as Package).dependencies ?? {})) {
      const expected = name.startsWith('@tutti/') ? '*' : main.dependencies?.[name];
      expect(version, `${name} in ${file}`).toBe(expected);
    }
  }
});

test('the lockfile has an entry for every optional platform package, and one left out is noticed', () => {
  const lock = read('package-lock.json') as Lockfile;
  expect(missingEntries(lock)).toEqual({});
  delete lock.packages['node_modules/@biomejs/cli-linux-arm64-musl'];
  expect(missingEntries(lock)).toEqual({
    'node_modules/@biomejs/cli-linux-arm64-musl': {
      version: main.devDependencies?.['@biomejs/biome'],
      cpu: ['arm64'],
      dev: true,
      libc: ['musl'],
      optional: true,
      os: ['linux'],
    },
  });
});

function read(file: string): unknown {
  return JSON.parse(readFileSync(join(root, file), 'utf8'));
}

/** The names in the first column of the table below a heading. */
function documented(heading: string): string[] {
  const page = readFileSync(join(root, 'docs/dependencies.md'), 'utf8');
  const section = page.split(/^## /m).find((text) => text.startsWith(`${heading}\n`)) ?? '';
  return [...section.matchAll(/^\| `([^`]+)` \|/gm)].map((match) => match[1] ?? '').toSorted();
}
