/** Every gate that is a tool is shown something bad here, with the repository's own settings: it must say so. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');

/** A directory outside of the repository, whose settings leave the fixtures out. */
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'known-bad-'));
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

test('the linter rejects a floating promise, and nothing else in the file', () => {
  fixtures('lint');
  settings('tsconfig.json');
  const lint = (file: string): Outcome =>
    run('oxlint', '--type-aware', '-f', 'unix', '-c', join(root, '.oxlintrc.json'), file);
  expect(lint('floating-promise.ts')).toMatchObject({ status: 1 });
  expect(lint('floating-promise.ts').output).toContain('typescript(no-floating-promises)');
  expect(lint('awaited-promise.ts')).toMatchObject({ status: 0 });
});

test('the formatter rejects a badly formatted file', () => {
  fixtures('format');
  settings('biome.json');
  expect(run('biome', 'check', '--colors=off', 'bad.ts')).toMatchObject({ status: 1 });
  expect(run('biome', 'check', '--colors=off', 'bad.ts').output).toContain('bad.ts format');
  expect(run('biome', 'check', '--colors=off', 'good.ts')).toMatchObject({ status: 0 });
});

test('the compiler keeps the strict promises of tsconfig.json', () => {
  fixtures('types');
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ extends: join(root, 'tsconfig.json'), include: ['*.ts'], exclude: [] }),
  );
  const { status, output } = run('tsc', '--noEmit', '--pretty', 'false');
  expect(status).not.toBe(0);
  expect(output.match(/bad\.ts\(\d+/g)).toEqual(['bad.ts(2', 'bad.ts(3', 'bad.ts(4']);
});

test('the dead code gate finds a file and an export that nobody uses', () => {
  fixtures('dead-code');
  settings('knip.json');
  const { status, output } = run('knip', '--no-progress', '--include', 'files,exports');
  expect(status).toBe(1);
  expect(output).toContain('packages/thing/src/forgotten.ts');
  expect(output).toMatch(/unused\s.*packages\/thing\/src\/used\.ts/);
});

interface Outcome {
  status: number | null;
  output: string;
}

function fixtures(name: string): void {
  cpSync(join(root, 'test/fixtures', name), folder, { recursive: true });
}

function settings(file: string): void {
  cpSync(join(root, file), join(folder, file));
}

function run(command: string, ...args: string[]): Outcome {
  const { status, stdout, stderr } = spawnSync(join(root, 'node_modules/.bin', command), args, {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, PATH: `${join(process.execPath, '..')}:${process.env['PATH']}` },
  });
  return { status, output: stdout + stderr };
}
