/** `include:`: the tests of other suite files, and what goes wrong on the way to them. */
import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadSuite, type SuiteOptions } from '../../src/suite/index.ts';
import { failure, options, SCRIPT, suiteFolder } from './suite-folder.ts';

const OWN = 'tests: [{ name: own, roles: { a: ./a.sh } }]\n';
const NET = `
suite: tcp
params: { seconds: 1 }
timeout: 1m
tags: [net]
roles: { server: ./serve.sh, client: ../b.sh }
tests: [{ name: up }, { name: down, params: { seconds: 2 }, skip: 'param.seconds == 2' }]
`;

async function load(files: Record<string, string>, more: Partial<SuiteOptions> = {}) {
  const folder = await suiteFolder({ 'a.sh': SCRIPT, 'b.sh': SCRIPT, 'net/serve.sh': SCRIPT, ...files });
  return { folder, ...(await loadSuite('suite.yaml', options(folder, more))) };
}

async function complaint(files: Record<string, string>): Promise<string> {
  return (await failure(load(files))).message.replaceAll(/\/tmp\/suite-\w+/g, '/suite');
}

describe('an included file', () => {
  test('gives its tests under its own name, with its own defaults, before those of the file itself', async () => {
    const { spec, root, folder } = await load({
      'suite.yaml': `include: net/tcp.yaml\nparams: { seconds: 99, x: 1 }\ntimeout: 9m\nlinger: 1\n${OWN}`,
      'net/tcp.yaml': NET,
    });
    expect(root).toBe(folder);
    expect(spec.suite).toBe('suite');
    expect(spec.tests).toMatchObject([
      {
        name: 'tcp/up',
        timeout: 60,
        linger: 10,
        tags: ['net'],
        params: { seconds: 1 },
        roles: [
          { name: 'server', script: { kind: 'staged', path: 'net/serve.sh' } },
          { name: 'client', script: { kind: 'staged', path: 'b.sh' } },
        ],
      },
      { name: 'tcp/down', params: { seconds: 2 }, skip: { when: 'param.seconds == 2' } },
      { name: 'own', timeout: 540, linger: 1 },
    ]);
    expect(spec.tests[0]?.params).not.toHaveProperty('x');
  });

  test('is chosen from, parametrised and skipped like any other', async () => {
    const { spec, warnings } = await load(
      {
        'suite.yaml': `include: [net/tcp.yaml]\nskip-list: skips\n${OWN}`,
        'net/tcp.yaml': `skip-list: own\n${NET}`,
        skips: 'tcp/up # above\n',
        'net/own': 'down # below\nup # too late\n',
      },
      { params: { seconds: '5' }, only: ['tcp/*'] },
    );
    expect(spec.tests.map(({ name, params, skip }) => [name, params, skip])).toEqual([
      ['tcp/up', { seconds: 5 }, { reason: 'too late' }],
      ['tcp/down', { seconds: 5 }, { reason: 'below' }],
    ]);
    expect(warnings).toEqual([]);
  });

  test('can be one of many that a glob finds, each once, sorted, without the one that includes', async () => {
    const one = (name: string) => `tests: [{ name: ${name}, roles: { a: echo } }]\n`;
    const { spec } = await load({
      'suite.yaml': `include: [net/z.yaml, '*.yaml', 'net/*.yaml']\n`,
      'other.yaml': one('o'),
      'net/z.yaml': one('z'),
      'net/b.yaml': one('b'),
      'net/a.yaml': one('a'),
    });
    expect(spec.tests.map(({ name }) => name)).toEqual(['z/z', 'other/o', 'a/a', 'b/b']);
  });

  test('is not found by a glob where machines do not get it', async () => {
    const { spec } = await load({
      'suite.yaml': "include: '**/*.yaml'\n",
      '.tuttiignore': 'old/\n',
      'old/x.yaml': 'no suite',
      'tutti-results/1-suite/report.yaml': 'no suite',
      'net/tcp.yaml': NET,
    });
    expect(spec.tests.map(({ name }) => name)).toEqual(['tcp/up', 'tcp/down']);
  });

  test('can include others, below its own name', async () => {
    const { spec } = await load({
      'suite.yaml': 'include: net/all.yaml\n',
      'net/all.yaml': 'suite: all of it\ninclude: [tcp.yaml]\nrun-timeout: 1s\nfail-fast: true\n',
      'net/tcp.yaml': NET,
    });
    expect(spec.tests.map(({ name }) => name)).toEqual(['all of it/tcp/up', 'all of it/tcp/down']);
    expect(spec).toMatchObject({ failFast: undefined, timeout: undefined });
  });
});

describe('scripts of an included file', () => {
  const files = (run: string) => ({
    'suite.yaml': 'include: net/x.yaml\n',
    'net/x.yaml': `tests: [{ name: x, roles: { a: ${run} } }]\n`,
  });

  test('start in the folder of the suite that is run: what they will not find is warned of', async () => {
    const { warnings, spec } = await load(files('./serve.sh --fast'));
    expect(spec.tests[0]?.roles[0]?.script).toEqual({ kind: 'inline', text: './serve.sh --fast' });
    expect(warnings).toMatchInlineSnapshot(`
      [
        "net/x.yaml:1:32: "./serve.sh" is not where this script starts, in the folder of the suite that is run
          1 | tests: [{ name: x, roles: { a: ./serve.sh --fast } }]
            |                                ^^^^^^^^^^^^^^^^^
      there, it is "./net/serve.sh"",
      ]
    `);
    expect((await load(files('serve.sh'))).warnings).toMatchInlineSnapshot(`
      [
        "net/x.yaml:1:32: "serve.sh" is taken as a command, not as the file of that name
          1 | tests: [{ name: x, roles: { a: serve.sh } }]
            |                                ^^^^^^^^
      to run the file, write "./serve.sh"",
      ]
    `);
  });

  test.each(['./net/serve.sh --fast', './a.sh -v', './made-before --x', 'echo ./serve.sh'])(
    'are not warned of when they are right: %s',
    async (run) => {
      expect((await load(files(run))).warnings).toEqual([]);
    },
  );
});

describe('mistakes', () => {
  test('in included files are told at their places, all together', async () => {
    const message = await complaint({
      'suite.yaml': 'include: [net/tcp.yaml, bad.yaml]\ntests: [{ name: x, roles: { a: ./c.sh } }]\n',
      'net/tcp.yaml': 'tests: [{ name: x, roles: { a: ./servee.sh, b: ../../x } }]\n',
      'bad.yaml': 'timout: 1\ntests: [{ name: x, roles: { a: ls } }]\n',
    });
    expect(message).toMatchInlineSnapshot(`
      "bad.yaml:1:1: unknown key "timout"
          1 | timout: 1
            | ^^^^^^
      did you mean "timeout"?

      net/tcp.yaml:1:32: the script ./servee.sh does not exist
          1 | tests: [{ name: x, roles: { a: ./servee.sh, b: ../../x } }]
            |                                ^^^^^^^^^^^
      did you mean "./serve.sh"?

      net/tcp.yaml:1:48: the script ../../x is outside the suite's folder
          1 | tests: [{ name: x, roles: { a: ./servee.sh, b: ../../x } }]
            |                                                ^^^^^^^
      keep it below the folder of the suite file, which is what machines get

      suite.yaml:2:32: the script ./c.sh does not exist
          2 | tests: [{ name: x, roles: { a: ./c.sh } }]
            |                                ^^^^^^
      did you mean "./a.sh"?"
    `);
  });

  test('in names say where the first is', async () => {
    expect(
      await complaint({
        'suite.yaml': `include: [x.yaml, y.yaml]\n`,
        'x.yaml': `suite: s\n${OWN}`,
        'y.yaml': `suite: s\n${OWN}`,
      }),
    ).toMatchInlineSnapshot(`
      "y.yaml:2:17: a second test named "s/own"
          2 | tests: [{ name: own, roles: { a: ./a.sh } }]
            |                 ^^^
      the first is in x.yaml"
    `);
  });

  test('in what is included say what is there', async () => {
    expect(
      await complaint({
        'suite.yaml': "include: [net/tpc.yaml, ../x.yaml, /etc/x.yaml, net, none/*.yaml, 'n/{a,b}']\n",
        'net/tcp.yaml': NET,
      }),
    ).toMatchInlineSnapshot(`
      "suite.yaml:1:11: there is no file net/tpc.yaml
          1 | include: [net/tpc.yaml, ../x.yaml, /etc/x.yaml, net, none/*.yaml, 'n/{a,b}']
            |           ^^^^^^^^^^^^
      did you mean "net/tcp.yaml"?

      suite.yaml:1:25: ../x.yaml is outside the suite's folder
          1 | include: [net/tpc.yaml, ../x.yaml, /etc/x.yaml, net, none/*.yaml, 'n/{a,b}']
            |                         ^^^^^^^^^
      keep it below the folder of the suite that is run, which is what machines get

      suite.yaml:1:36: /etc/x.yaml is outside the suite's folder
          1 | include: [net/tpc.yaml, ../x.yaml, /etc/x.yaml, net, none/*.yaml, 'n/{a,b}']
            |                                    ^^^^^^^^^^^
      keep it below the folder of the suite that is run, which is what machines get

      suite.yaml:1:49: net is a directory
          1 | include: [net/tpc.yaml, ../x.yaml, /etc/x.yaml, net, none/*.yaml, 'n/{a,b}']
            |                                                 ^^^
      name suite files: "net/*.yaml"

      suite.yaml:1:54: no file matches none/*.yaml
          1 | include: [net/tpc.yaml, ../x.yaml, /etc/x.yaml, net, none/*.yaml, 'n/{a,b}']
            |                                                      ^^^^^^^^^^^

      suite.yaml:1:67: no file matches n/{a,b}
          1 | include: [net/tpc.yaml, ../x.yaml, /etc/x.yaml, net, none/*.yaml, 'n/{a,b}']
            |                                                                   ^^^^^^^^^"
    `);
    expect(await complaint({ 'suite.yaml': 'include: []\n' })).toMatchInlineSnapshot(`
      "suite.yaml:1:10: "include" must not be an empty list
          1 | include: []
            |          ^^"
    `);
    expect(await complaint({ 'suite.yaml': 'include: [3]\n' })).toMatchInlineSnapshot(`
      "suite.yaml:1:11: entry 1 of "include" must be text, not 3
          1 | include: [3]
            |           ^"
    `);
  });

  test('a file that is no text is told where it is asked for', async () => {
    const folder = await suiteFolder({ 'suite.yaml': 'include: [x.yaml]\n' });
    await writeFile(join(folder, 'x.yaml'), new Uint8Array([0xff, 0xfe, 0]));
    expect((await failure(loadSuite('suite.yaml', options(folder)))).message).toContain(
      'suite.yaml:1:11: x.yaml is not a suite file: it is not UTF-8 text\n',
    );
  });

  test('a file that includes itself is refused with the way it took', async () => {
    expect(await complaint({ 'suite.yaml': `include: suite.yaml\n${OWN}` })).toMatchInlineSnapshot(`
      "suite.yaml:1:10: a suite cannot include itself: suite.yaml → suite.yaml
          1 | include: suite.yaml
            |          ^^^^^^^^^^"
    `);
    expect(
      await complaint({
        'suite.yaml': 'include: net/a.yaml\n',
        'net/a.yaml': 'include: b.yaml\n',
        'net/b.yaml': `include: [a.yaml]\n${OWN}`,
      }),
    ).toMatchInlineSnapshot(`
      "net/b.yaml:1:11: a suite cannot include itself: net/a.yaml → net/b.yaml → net/a.yaml
          1 | include: [a.yaml]
            |           ^^^^^^

      net/b.yaml:2:34: the script ./a.sh does not exist
          2 | tests: [{ name: own, roles: { a: ./a.sh } }]
            |                                  ^^^^^^
      paths are relative to /suite/net"
    `);
  });

  test('a file that includes itself by a link is refused', async () => {
    const folder = await suiteFolder({ 'suite.yaml': 'include: link.yaml\n' });
    await symlink('suite.yaml', join(folder, 'link.yaml'));
    expect((await failure(loadSuite('suite.yaml', options(folder)))).message).toContain(
      'a suite cannot include itself: suite.yaml → link.yaml',
    );
  });

  test('files that include each other in all combinations come to an end', async () => {
    const files = Object.fromEntries(
      Array.from({ length: 20 }, (_, at) => [`l${at}.yaml`, `include: [l${at + 1}.yaml, m${at + 1}.yaml]\n`]),
    );
    const twins = Object.fromEntries(
      Object.entries(files).map(([name, text]) => [name.replace('l', 'm'), text]),
    );
    const message = await complaint({
      ...files,
      ...twins,
      'suite.yaml': 'include: l0.yaml\n',
      'l20.yaml': OWN,
      'm20.yaml': OWN,
    });
    expect(message).toContain('more than 1000 files are included');
  });

  test('setup and teardown belong to the suite that is run', async () => {
    expect(
      await complaint({
        'suite.yaml': 'include: net/tcp.yaml\n',
        'net/tcp.yaml': `setup: ./serve.sh\n${NET}`,
      }),
    ).toMatchInlineSnapshot(`
      "net/tcp.yaml:1:1: "setup" of an included suite: a run has one, that of the suite which is run
          1 | setup: ./serve.sh
            | ^^^^^
      move it to suite.yaml; there, it can name the roles of all files"
    `);
  });
});
