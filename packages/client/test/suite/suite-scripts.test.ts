/** Scripts of a suite file that would not run where they are sent. */
import { chmod, mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadSuite } from '../../src/suite/index.ts';
import { failure, options, SCRIPT, suiteFolder } from './suite-folder.ts';

const suite = (run: string) => `tests:\n  - name: x\n    roles:\n      a: ${run}\n`;

async function refused(
  run: string,
  files: Record<string, string> = {},
  prepare?: (folder: string) => Promise<void>,
) {
  const folder = await suiteFolder({ 'suite.yaml': suite(run), ...files });
  await prepare?.(folder);
  const error = await failure(loadSuite('suite.yaml', options(folder)));
  return { code: error.code, message: error.message.replaceAll(folder, '/suite') };
}

describe('a script that', () => {
  test('does not exist', async () => {
    const { code, message } = await refused('./lib/start.sh');
    expect(code).toBe('SCRIPT_MISSING');
    expect(message).toMatchInlineSnapshot(`
      "suite.yaml:4:10: the script ./lib/start.sh does not exist
          4 |       a: ./lib/start.sh
            |          ^^^^^^^^^^^^^^
      paths are relative to /suite"
    `);
  });

  test('does not exist, while one of almost that name does', async () => {
    expect((await refused('./serevr.sh', { 'server.sh': SCRIPT })).message).toMatchInlineSnapshot(`
      "suite.yaml:4:10: the script ./serevr.sh does not exist
          4 |       a: ./serevr.sh
            |          ^^^^^^^^^^^
      did you mean "./server.sh"?"
    `);
  });

  test('lacks the execute bit', async () => {
    const { code, message } = await refused('{ run: ./start, count: 2 }', { start: SCRIPT });
    expect(code).toBe('SCRIPT_NOT_RUNNABLE');
    expect(message).toMatchInlineSnapshot(`
      "suite.yaml:4:17: the script ./start cannot be run: it has no execute bit; chmod +x ./start
          4 |       a: { run: ./start, count: 2 }
            |                 ^^^^^^^"
    `);
  });

  test('is a directory', async () => {
    const { code, message } = await refused('./lib', { 'lib/x': '' });
    expect(code).toBe('SCRIPT_NOT_RUNNABLE');
    expect(message).toMatchInlineSnapshot(`
      "suite.yaml:4:10: ./lib is a directory, not a script
          4 |       a: ./lib
            |          ^^^^^"
    `);
  });

  test('is above the folder of the suite', async () => {
    const { code, message } = await refused('../start.sh');
    expect(code).toBe('PATH_ESCAPES');
    expect(message).toMatchInlineSnapshot(`
      "suite.yaml:4:10: the script ../start.sh is outside the suite's folder
          4 |       a: ../start.sh
            |          ^^^^^^^^^^^
      keep it below the folder of the suite file, which is what machines get"
    `);
    expect((await refused('./x/../../start.sh')).code).toBe('PATH_ESCAPES');
  });

  test('is an ignored link out of it', async () => {
    const { code, message } = await refused('./start', { '.tuttiignore': 'start\n' }, (folder) =>
      symlink('/bin/true', join(folder, 'start')),
    );
    expect(code).toBe('PATH_ESCAPES');
    expect(message).toMatch(/^suite.yaml:4:10: the script .\/start leads to \/.*, outside the suite\n/);
  });

  test('is left out by .tuttiignore', async () => {
    const { code, message } = await refused('./lib/start.sh', {
      'lib/start.sh': SCRIPT,
      '.tuttiignore': 'lib\n',
    });
    expect(code).toBe('SCRIPT_MISSING');
    expect(message).toMatchInlineSnapshot(`
      "suite.yaml:4:10: the script ./lib/start.sh is left out of what machines get
          4 |       a: ./lib/start.sh
            |          ^^^^^^^^^^^^^^
      .git, node_modules, tutti-results and what .tuttiignore names are not sent to machines"
    `);
  });

  test('is reached through links inside the suite may run', async () => {
    const folder = await suiteFolder({ 'suite.yaml': suite('./now/start'), 'v1/start.sh': SCRIPT });
    await symlink('v1', join(folder, 'now'));
    await symlink('start.sh', join(folder, 'v1/start'));
    const { spec } = await loadSuite('suite.yaml', options(folder));
    expect(spec.tests[0]?.roles[0]?.script).toEqual({ kind: 'staged', path: 'now/start' });
  });

  test('lies behind a link that is left out is left out', async () => {
    const { message } = await refused(
      './now/start.sh',
      { 'v1/start.sh': SCRIPT, '.tuttiignore': '/now\n' },
      (folder) => symlink('v1', join(folder, 'now')),
    );
    expect(message).toContain('the script ./now/start.sh is left out of what machines get');
  });
});

describe('the suite file', () => {
  test('that does not exist, is a directory, is not text, or is huge, says so', async () => {
    const folder = await suiteFolder({ 'big.yaml': '#'.repeat(5 * 1024 * 1024), 'bin.yaml': '' });
    await mkdir(join(folder, 'dir'));
    const { writeFile } = await import('node:fs/promises');
    await writeFile(join(folder, 'bin.yaml'), new Uint8Array([0xff, 0xfe, 0]));
    const load = async (path: string) => {
      const { code, message } = await failure(loadSuite(path, options(folder)));
      return `${code} ${message}`;
    };
    expect(await load('no.yaml')).toMatchInlineSnapshot(`"USAGE suite file no.yaml: there is no such file"`);
    expect(await load('dir')).toMatchInlineSnapshot(
      `"USAGE dir is no suite: it holds neither suite.yaml nor an executable *.test.* file"`,
    );
    expect(await load('bin.yaml')).toMatchInlineSnapshot(
      `"USAGE bin.yaml is not a suite file: it is not UTF-8 text"`,
    );
    expect(await load('big.yaml')).toMatchInlineSnapshot(
      `"USAGE big.yaml is larger than a suite file may be (4 MiB)"`,
    );
  });

  test('is named in errors as short as it can be, and paths in it are relative to its folder', async () => {
    const folder = await suiteFolder({
      'net/suite.yaml': suite('./start'),
      'net/start': SCRIPT,
      'other/x': '',
    });
    await chmod(join(folder, 'net/start'), 0o755);
    const { root, spec } = await loadSuite('net/suite.yaml', options(folder));
    expect(root).toBe(join(folder, 'net'));
    expect(spec.files.map(({ path }) => path)).toEqual(['start', 'suite.yaml']);

    await chmod(join(folder, 'net/start'), 0o644);
    const near = await failure(loadSuite('net/suite.yaml', options(folder)));
    expect(near.message).toMatch(/^net\/suite\.yaml:4:10: /);
    const far = await failure(loadSuite('../net/suite.yaml', options(join(folder, 'other'))));
    expect(far.message).toMatch(/^\/.*\/net\/suite\.yaml:4:10: /);
  });

  test('goes without --file', async () => {
    const folder = await suiteFolder({ 'suite.yaml': suite('ls') });
    const error = await failure(loadSuite('suite.yaml', options(folder, { files: ['x'] })));
    expect(`${error.code} ${error.message}`).toMatchInlineSnapshot(
      `"USAGE --file goes with --role; with a suite its whole folder is sent to the machines"`,
    );
  });
});
