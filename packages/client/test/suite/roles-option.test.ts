/** Runs without a suite file: `--role NAME[:COUNT]=SCRIPT`. */
import { chmod, mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { RunSpec } from '@tutti/protocol';
import { describe, expect, test } from 'vitest';
import { type SuiteOptions, suiteFromRoles } from '../../src/suite/index.ts';
import { failure, options, SCRIPT, suiteFolder } from './suite-folder.ts';

const FILES = {
  'server.sh': SCRIPT,
  'bin/client.py': 'pass\n',
  'data/a.bin': 'a',
  'data/sub/b.bin': 'b',
  'other.txt': '',
};

async function load(roles: string[], more: Partial<SuiteOptions> = {}) {
  return suiteFromRoles(roles, options(await suiteFolder(FILES), more));
}

async function refused(roles: string[], more: Partial<SuiteOptions> = {}): Promise<string> {
  const folder = await suiteFolder(FILES);
  const { code, message } = await failure(suiteFromRoles(roles, options(folder, more)));
  return `${code} ${message.replaceAll(folder, '/here')}`;
}

describe('a run from roles', () => {
  test('is repeated, and ends with the first test that is not ok, as a suite is', async () => {
    const { spec } = await load(['a=true'], { repeat: 3, untilFail: true, name: 'x' });
    expect(spec.tests.map(({ name }) => name)).toEqual(['x', 'x#2', 'x#3']);
    expect(spec.failFast).toBe(true);
    expect(RunSpec.parse(spec)).toEqual(spec);
  });

  test('is one test of the name of its first script, with the defaults', async () => {
    const { spec } = await load(['server=./server.sh', 'client:2=./bin/client.py', 'other=echo a=b; true'], {
      params: { n: '5' },
    });
    const plain = { params: {}, env: {}, essential: true };
    expect(spec).toMatchObject({
      suite: 'server',
      tests: [
        {
          name: 'server',
          timeout: 600,
          linger: 10,
          grace: 30,
          params: { n: '5' },
          roles: [
            { name: 'server', count: 1, script: { kind: 'staged', path: 'server.sh' }, ...plain },
            { name: 'client', count: 2, script: { kind: 'staged', path: 'bin/client.py' }, ...plain },
            { name: 'other', count: 1, script: { kind: 'inline', text: 'echo a=b; true' }, ...plain },
          ],
        },
      ],
    });
    expect(RunSpec.parse(spec)).toEqual(spec);
  });

  test('is called adhoc when no script is a file, or what the command line says', async () => {
    expect((await load(['a=hostname'])).spec.suite).toBe('adhoc');
    expect((await load(['a=/usr/bin/uptime'])).spec.suite).toBe('uptime');
    expect((await load(['a=hostname'], { name: 'mine', timeout: 5 })).spec).toMatchObject({
      suite: 'mine',
      tests: [{ name: 'mine', timeout: 5 }],
    });
  });

  test('stages the named scripts with their directories, and nothing else', async () => {
    const { spec, sources, root } = await load(['server=./server.sh', 'client=./bin/client.py']);
    expect(spec.files.map(({ kind, path }) => `${kind} ${path}`)).toEqual([
      'dir bin',
      'file bin/client.py',
      'file server.sh',
    ]);
    expect([...sources.values()].toSorted()).toEqual([join(root, 'bin/client.py'), join(root, 'server.sh')]);
  });

  test('stages what --file names: files, folders, and what a named link points to', async () => {
    const folder = await suiteFolder(FILES);
    await symlink('../other.txt', join(folder, 'data/link'));
    const { spec } = await suiteFromRoles(
      ['a=ls'],
      options(folder, { files: ['data/sub/', join(folder, 'data/link')] }),
    );
    expect(spec.files.map(({ kind, path }) => `${kind} ${path}`)).toEqual([
      'dir data',
      'link data/link',
      'dir data/sub',
      'file data/sub/b.bin',
      'file other.txt',
    ]);
  });

  test('stages a named node_modules, and a dangling named link, as they are', async () => {
    const folder = await suiteFolder({ 'node_modules/x/index.js': '', 'node_modules/x/node_modules/y': '' });
    await symlink('nowhere', join(folder, 'link'));
    const { spec } = await suiteFromRoles(['a=ls'], options(folder, { files: ['node_modules', 'link'] }));
    expect(spec.files.map(({ path }) => path)).toEqual([
      'link',
      'node_modules',
      'node_modules/x',
      'node_modules/x/index.js',
    ]);
  });

  test('can stage the whole current directory', async () => {
    const { spec } = await load(['a=ls'], { files: ['.'] });
    expect(spec.files).toHaveLength(8);
  });
});

test('a command may have the name of a directory', async () => {
  const { spec } = await load(['a=data']);
  expect(spec.tests[0]?.roles[0]?.script).toEqual({ kind: 'inline', text: 'data' });
});

describe('a --role is refused when it', () => {
  test('has no script, no name, or no sensible count', async () => {
    expect(await refused(['server'])).toMatchInlineSnapshot(
      `"USAGE --role server: no "="; write --role NAME=SCRIPT or --role NAME:COUNT=SCRIPT"`,
    );
    expect(await refused(['=./server.sh'])).toMatchInlineSnapshot(
      `"USAGE --role =./server.sh: "" is not a role's name: use a lower-case letter, then lower-case letters, digits and _"`,
    );
    expect(await refused(['Server=./server.sh'])).toMatchInlineSnapshot(
      `"USAGE --role Server=./server.sh: "Server" is not a role's name: use a lower-case letter, then lower-case letters, digits and _"`,
    );
    expect(await refused(['server='])).toMatchInlineSnapshot(
      `"USAGE --role server=: nothing to run; write --role NAME=SCRIPT or --role NAME:COUNT=SCRIPT"`,
    );
    expect(await refused(['server:0=./server.sh'])).toMatchInlineSnapshot(
      `"USAGE --role server:0=./server.sh: the count must be a whole number of at least 1; write --role NAME=SCRIPT or --role NAME:COUNT=SCRIPT"`,
    );
    expect(await refused(['server:two=./server.sh'])).toMatchInlineSnapshot(
      `"USAGE --role server:two=./server.sh: the count must be a whole number of at least 1; write --role NAME=SCRIPT or --role NAME:COUNT=SCRIPT"`,
    );
    expect(await refused(['server:1:2=./server.sh'])).toMatchInlineSnapshot(
      `"USAGE --role server:1:2=./server.sh: the count must be a whole number of at least 1; write --role NAME=SCRIPT or --role NAME:COUNT=SCRIPT"`,
    );
    expect(await refused([])).toMatchInlineSnapshot(
      `"USAGE nothing to run: write --role NAME=SCRIPT or --role NAME:COUNT=SCRIPT, or name a suite file"`,
    );
  });

  test('comes twice', async () => {
    expect(await refused(['a=ls', 'a=ls'])).toMatchInlineSnapshot(
      `"USAGE --role a is given twice; for several machines write --role a:2=…"`,
    );
  });

  test('names a file without ./', async () => {
    expect(await refused(['server:2=server.sh'])).toMatchInlineSnapshot(
      `"USAGE --role server:2=server.sh: "server.sh" is taken as a command, not as the file of that name; to run the file, write --role server:2=./server.sh"`,
    );
    expect(await refused(['server=bin/client.py'])).toMatchInlineSnapshot(
      `"USAGE --role server=bin/client.py: "bin/client.py" is taken as a command, not as the file of that name; to run the file, write --role server=./bin/client.py"`,
    );
  });

  test('names a file that is missing, or not runnable, or elsewhere', async () => {
    expect(await refused(['server=./sever.sh'])).toMatchInlineSnapshot(
      `"SCRIPT_MISSING --role server: the script ./sever.sh does not exist; did you mean "./server.sh"?"`,
    );
    expect(await refused(['server=./other.txt'])).toMatchInlineSnapshot(
      `"SCRIPT_NOT_RUNNABLE --role server: the script ./other.txt cannot be run: it has neither a first line "#!…" with an execute bit (chmod +x ./other.txt) nor one of the endings .ts .mts .js .mjs .py"`,
    );
    expect(await refused(['server=../server.sh'])).toMatchInlineSnapshot(
      `"PATH_ESCAPES --role server: ../server.sh is outside /here, and paths are kept on the machines: run from a directory above it, or copy it here"`,
    );
    expect(await refused(['server=./data'])).toMatchInlineSnapshot(
      `"SCRIPT_NOT_RUNNABLE --role server: ./data is a directory, not a script"`,
    );
  });

  test('leads through a link', async () => {
    const folder = await suiteFolder(FILES);
    await mkdir(join(folder, 'x'));
    await symlink('../bin', join(folder, 'x/bin'));
    await chmod(join(folder, 'bin/client.py'), 0o755);
    const error = await failure(suiteFromRoles(['a=./x/bin/client.py'], options(folder)));
    expect(`${error.code} ${error.message}`).toMatchInlineSnapshot(
      `"PATH_ESCAPES x/bin/client.py leads through the link x/bin: name it by its real path"`,
    );
  });
});

test('a --file that is missing or elsewhere is refused', async () => {
  expect(await refused(['a=ls'], { files: ['nothing'] })).toMatchInlineSnapshot(
    `"USAGE --file nothing: there is no such file in /here"`,
  );
  expect(await refused(['a=ls'], { files: ['../x'] })).toMatchInlineSnapshot(
    `"PATH_ESCAPES --file: ../x is outside /here, and paths are kept on the machines: run from a directory above it, or copy it here"`,
  );
  expect(await refused(['a=ls'], { files: ['/etc/passwd'] })).toMatchInlineSnapshot(
    `"PATH_ESCAPES --file: /etc/passwd is outside /here, and paths are kept on the machines: run from a directory above it, or copy it here"`,
  );
});

test('a --param that cannot be a variable is refused', async () => {
  expect(await refused(['a=ls'], { params: { 'a-b': '1' } })).toMatchInlineSnapshot(
    `"USAGE --param a-b: use a lower-case letter, then lower-case letters, digits and _"`,
  );
});
