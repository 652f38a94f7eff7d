/** A directory as a suite: its test scripts, and what their headers say. */
import { chmod, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadSuite, type SuiteOptions } from '../../src/suite/index.ts';
import { headerOf } from '../../src/suite/parts/header.ts';
import { failure, options, SCRIPT, suiteFolder } from './suite-folder.ts';

/** All files are executable but those whose text says not to be. */
async function folderOf(files: Record<string, string>): Promise<string> {
  const folder = await suiteFolder(files);
  for (const [path, text] of Object.entries(files))
    await chmod(join(folder, path), text.includes('plain') ? 0o644 : 0o755);
  return folder;
}

async function load(files: Record<string, string>, more: Partial<SuiteOptions> = {}) {
  const folder = await folderOf(files);
  return { folder, ...(await loadSuite('.', options(folder, more))) };
}

async function complaint(files: Record<string, string>): Promise<string> {
  return (await failure(load(files))).message.replaceAll(/\/tmp\/suite-\w+/g, '/suite');
}

const TOOL = '#!/bin/sh\n';

describe('a directory', () => {
  test('with a suite file is that suite', async () => {
    const { spec } = await load({
      'suite.yaml': 'tests: [{ name: x, roles: { a: ls } }]\n',
      'y.test.sh': SCRIPT,
    });
    expect(spec).toMatchObject({ suite: 'suite', tests: [{ name: 'x' }] });
    const short = await load({ 'suite.yml': 'suite: s\ntests: [{ name: x, roles: { a: ls } }]\n' });
    expect(short.spec.suite).toBe('s');
  });

  test('without one has a test for each executable test file, called by its path', async () => {
    const { spec, folder, warnings } = await load({
      'b.test.sh': SCRIPT,
      'a/z.test.py': '#!/usr/bin/env python3\n',
      'a/lib.sh': SCRIPT,
      'a/old.test.sh~': SCRIPT,
      'a/old.test.sh.orig': SCRIPT,
      'node_modules/x.test.js': SCRIPT,
      'c.test.sh': '# plain\n',
    });
    expect(spec.suite).toBe(folder.split('/').at(-1));
    expect(spec.tests).toMatchObject([
      {
        name: 'a/z',
        timeout: 600,
        params: {},
        roles: [{ name: 'test', count: 1, script: { kind: 'staged', path: 'a/z.test.py' } }],
      },
      { name: 'b', roles: [{ name: 'test', script: { kind: 'staged', path: 'b.test.sh' } }] },
    ]);
    expect(spec.tests).toHaveLength(2);
    expect(spec.files.map(({ path }) => path)).toContain('a/lib.sh');
    expect(warnings).toEqual(['c.test.sh is no test: it is not executable; chmod +x c.test.sh']);
  });

  test('can have links to test files', async () => {
    const folder = await folderOf({ 'lib/all.sh': SCRIPT });
    await symlink('lib/all.sh', join(folder, 'x.test.sh'));
    await symlink('lib', join(folder, 'y.test.d'));
    const { spec } = await loadSuite(folder, options('/'));
    expect(spec.tests.map(({ name }) => name)).toEqual(['x']);
  });

  test('without any test says what it looked for', async () => {
    const folder = await folderOf({ 'sub/x': '', 'sub/a.test.sh': 'plain' });
    const empty = await failure(loadSuite('sub', options(folder)));
    expect(`${empty.code} ${empty.message}`).toMatchInlineSnapshot(
      `"USAGE sub is no suite: it holds neither suite.yaml nor an executable *.test.* file; a.test.sh is no test: it is not executable; chmod +x a.test.sh"`,
    );
  });
});

describe('a header', () => {
  test('says what the test needs; a role without a script runs the file itself', async () => {
    const { spec } = await load({
      'net/tcp.test.sh': `#!/bin/sh -e
# Copyright somebody.
# tutti: {roles: {server: {where: cpus > 1}, client: {count: 2, run: ./client.sh}}, timeout: 1m, tags: [net]}
true
`,
      'net/client.sh': SCRIPT,
      'x.test.ts': "// tutti: { matrix: { n: [1, 2] }, params: { s: 'a#b' } }\n",
      'y.test.sql': '#!/usr/bin/env psql\n-- tutti: { skip: { reason: later } }\n',
    });
    expect(spec.tests).toMatchObject([
      {
        name: 'net/tcp',
        timeout: 60,
        tags: ['net'],
        roles: [
          { name: 'server', where: 'cpus > 1', script: { kind: 'staged', path: 'net/tcp.test.sh' } },
          { name: 'client', count: 2, script: { kind: 'staged', path: 'net/client.sh' } },
        ],
      },
      { name: 'x[n=1]', params: { n: 1, s: 'a#b' } },
      { name: 'x[n=2]' },
      { name: 'y', skip: { reason: 'later' } },
    ]);
  });

  test('goes on while a bracket is open', async () => {
    const { spec } = await load({
      'x.test.sh': `${TOOL}#  tutti: {
#  roles: {            # who
#    a: {count: 2},
#    b: }, params: {p: "}"}
#  }
# timeout: 3
`,
    });
    expect(spec.tests[0]).toMatchObject({
      timeout: 600,
      params: { p: '}' },
      roles: [{ count: 2 }, { name: 'b' }],
    });
  });

  test('begins within the first 20 lines', async () => {
    const { spec } = await load({
      'x.test.sh': `${TOOL}${'#\n'.repeat(18)}# tutti: {timeout: 1m}\n`,
      'y.test.sh': `${TOOL}${'#\n'.repeat(19)}# tutti: {timeout: 1m}\n`,
    });
    expect(spec.tests.map(({ timeout }) => timeout)).toEqual([60, 600]);
  });

  test('keeps every place', () => {
    const { text, shown } = headerOf('#!/bin/sh\n  # tutti: {a: [1,\n  # 2]} \nrest\n');
    expect(text).toBe('         \n           {a: [1,\n    2]} \n    \n');
    expect(shown).toBe('#!/bin/sh\n  # tutti: {a: [1,\n  # 2]} \nrest\n');
  });
});

describe('a header with a mistake', () => {
  test('is quoted with its place', async () => {
    expect(
      await complaint({
        'a.test.sh': `${TOOL}# tutti: {timout: 1m, roles: {b: {count: 0}}}\n`,
        'b.test.sh': `${TOOL}# tutti: {timeout: 1m, name: x}\n`,
        'c.test.sh': `${TOOL}# tutti: needs two machines\n`,
        'd.test.sh': `${TOOL}# tutti: {roles: {a: ./none.sh, b: }\n`,
        'e.test.sh': `${TOOL}# tutti: {roles: {}}\n`,
        'f.test.sh': `${TOOL}# tutti: {roles: {a: ./none}, skip: 'node.b.cpus > 1'}\n`,
      }),
    ).toMatchInlineSnapshot(`
      "a.test.sh:2:11: unknown key "timout" in test "a"
          2 | # tutti: {timout: 1m, roles: {b: {count: 0}}}
            |           ^^^^^^
      did you mean "timeout"?

      a.test.sh:2:42: "count" in role "b" of test "a" must be at least 1
          2 | # tutti: {timout: 1m, roles: {b: {count: 0}}}
            |                                          ^

      b.test.sh:2:24: a test of a directory has no "name"
          2 | # tutti: {timeout: 1m, name: x}
            |                        ^^^^
      take it out; the name is the path of the file, without its ending

      c.test.sh:2:10: what a test needs is a mapping
          2 | # tutti: needs two machines
            |          ^^^^^^^^^^^^^^^^^^
      write it like this: tutti: {timeout: 1m, roles: {server: , client: {count: 2}}}

      d.test.sh:2:37: not valid YAML: Flow map must end with a }
          2 | # tutti: {roles: {a: ./none.sh, b: }
            |                                     ^

      e.test.sh:2:10: test "e" has no roles
          2 | # tutti: {roles: {}}
            |          ^^^^^^^^^^^

      f.test.sh:2:22: the script ./none does not exist
          2 | # tutti: {roles: {a: ./none}, skip: 'node.b.cpus > 1'}
            |                      ^^^^^^
      paths are relative to /suite

      f.test.sh:2:43: "skip": the test has no role "b"
          2 | # tutti: {roles: {a: ./none}, skip: 'node.b.cpus > 1'}
            |                                           ^
      known: a"
    `);
  });

  test('or a file with one is told also without a header', async () => {
    const message = await complaint({
      'a.test.sh': 'no interpreter\n',
      'b.test.sh': SCRIPT,
      'b.test.py': SCRIPT,
    });
    expect(message).toMatchInlineSnapshot(`
      "b.test.sh:1:1: a second test named "b"
          1 | #!/bin/sh
            | ^
      the first is in b.test.py

      a.test.sh:1:1: the script ./a.test.sh cannot be run: it has no first line "#!…", such as "#!/bin/sh", nor one of the endings .ts .mts .js .mjs .py
          1 | no interpreter
            | ^"
    `);
  });
});
