/** What a test's scripts get beside them: it must work with nothing else installed. */
import { spawnSync } from 'node:child_process';
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { emitDeclarations, emitPackageDeclarations } from '../../scripts/declarations.ts';
import { importsOf } from '../../scripts/imports.ts';

const root = join(import.meta.dirname, '../..');
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'build-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

test.for(['index.js', 'shim.js'])('%s is one file that needs only Node.js', (file) => {
  const found = importsOf(file, readFileSync(join(root, 'dist/sdk', file), 'utf8'));
  expect(found.length).toBeGreaterThan(0);
  for (const { specifier } of found) expect(isBuiltin(specifier), specifier).toBe(true);
});

test("a script's `import 'tutti'` finds module and types with nothing else installed", () => {
  cpSync(join(root, 'dist/sdk'), join(folder, 'node_modules/tutti'), { recursive: true });
  cpSync(join(root, 'node_modules/@types/node'), join(folder, 'node_modules/@types/node'), {
    recursive: true,
  });
  cpSync(join(root, 'node_modules/undici-types'), join(folder, 'node_modules/undici-types'), {
    recursive: true,
  });
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  writeFileSync(
    join(folder, 'script.ts'),
    "import * as tutti from 'tutti';\nconst { barrier } = tutti;\nexport const wrong: number = barrier;\n",
  );
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ compilerOptions: { module: 'nodenext', strict: true, noEmit: true, types: ['node'] } }),
  );
  // The wrong type is the only complaint: the types are found, and none of them is `any`.
  const { stdout } = spawnSync(join(root, 'node_modules/.bin/tsc'), ['--pretty', 'false'], { cwd: folder });
  expect(String(stdout).match(/^\S.*error.*$/gm)).toEqual([
    expect.stringContaining('script.ts(3,14): error TS2322: Type') as string,
  ]);
  const { status, stderr } = spawnSync(
    process.execPath,
    ['-e', "import('tutti').then((t) => t.barrier.name)"],
    {
      cwd: folder,
    },
  );
  expect(status, String(stderr)).toBe(0);
});

test('an agent loads no parser of files that it never reads', () => {
  const files = globSync('*.js', { cwd: join(root, 'dist') });
  const texts = new Map(files.map((file) => [`./${file}`, readFileSync(join(root, 'dist', file), 'utf8')]));
  const [agent] = [...texts].filter(([, text]) => text.includes('// packages/agent/src/agent.ts\n'));
  const loaded = new Set(['./tutti.js', agent![0]]);
  const packages = new Set<string>();
  // A set gives what is added while it is gone through.
  for (const file of loaded) {
    const found = importsOf(file, texts.get(file)!).filter(({ kind }) => kind === 'static');
    for (const { specifier } of found) {
      if (texts.has(specifier)) loaded.add(specifier);
      else if (!isBuiltin(specifier)) packages.add(specifier);
    }
  }
  expect([...packages].toSorted()).toEqual(['commander', 'msgpackr', 'pino', 'ws']);
  // What `import { z }` would bring along, in every language: `import * as z` brings what is used.
  for (const text of texts.values()) expect(text).not.toContain('node_modules/zod/v4/locales/ja.js');
});

test('types that lean on another package are refused by name', async () => {
  const entry = 'test/fixtures/declarations/leaning.ts';
  await expect(emitDeclarations(entry, folder)).rejects.toThrow('leaning.d.ts: its types need "zod"');
});

test('types of the package may lean on what is installed with it, and on nothing else', async () => {
  const entry = 'test/fixtures/declarations/leaning.ts';
  await expect(emitPackageDeclarations(entry, folder, [])).rejects.toThrow(
    'leaning.d.ts: its types need "zod", which whoever installs Tutti does not have',
  );
  await emitPackageDeclarations('packages/client/src/program.ts', folder, ['zod']);
  const files = globSync('**/*.d.ts', { cwd: folder });
  expect(files).toContain('client/src/program.d.ts');
  const text = files.map((file) => readFileSync(join(folder, file), 'utf8')).join('');
  expect(text).not.toContain("from '@tutti/");
  expect(text).not.toContain('@internal');
});

test('a build is readable by every user: scripts may run as another', () => {
  const files = ['dist', ...globSync('dist/**', { cwd: root })];
  const { stdout } = spawnSync('find', [...files, '!', '-perm', '-444'], { cwd: root, encoding: 'utf8' });
  expect(files.length).toBeGreaterThan(5);
  expect(stdout).toBe('');
});
