/** Which value wins: suite, test, default role, role of the test, command line. */
import { RunSpec } from '@tutti/protocol';
import { describe, expect, test } from 'vitest';
import { nodesNeeded } from '../../src/suite/nodes-needed.ts';
import { failure, loadText } from './suite-folder.ts';

const FULL = `
suite: netperf
params: { seconds: 10, mode: fast }
env: { LEVEL: 1.10, FROM: suite }
timeout: 2m
roles:
  server: { run: ./a.sh, count: 2, params: { port: 1, size: 1 }, env: { FROM: role } }
  client: ./b.sh
tests:
  - name: defaults
  - name: named
    timeout: 1m30s
    linger: 500ms
    grace: 5
    params: { seconds: 20 }
    roles:
      client:
      server:
        count: 3
        params: { port: 2 }
        essential: false
      extra: |
        echo one
        echo two
`;

describe('merging', () => {
  test('a test without roles has all default roles and the default times', async () => {
    const { spec } = await loadText(FULL);
    expect(spec.tests[0]).toEqual({
      name: 'defaults',
      timeout: 120,
      linger: 10,
      grace: 30,
      params: { seconds: 10, mode: 'fast' },
      roles: [
        {
          name: 'server',
          count: 2,
          script: { kind: 'staged', path: 'a.sh' },
          params: { port: 1, size: 1 },
          env: { LEVEL: '1.10', FROM: 'role' },
          essential: true,
        },
        {
          name: 'client',
          count: 1,
          script: { kind: 'staged', path: 'b.sh' },
          params: {},
          env: { LEVEL: '1.10', FROM: 'suite' },
          essential: true,
        },
      ],
    });
  });

  test('a test that names roles has exactly those, each over the default of its name', async () => {
    const { spec } = await loadText(FULL);
    const named = spec.tests[1];
    expect(named).toMatchObject({
      timeout: 90,
      linger: 0.5,
      grace: 5,
      params: { seconds: 20, mode: 'fast' },
    });
    expect(named?.roles).toMatchObject([
      { name: 'client', count: 1, script: { kind: 'staged', path: 'b.sh' } },
      {
        name: 'server',
        count: 3,
        script: { kind: 'staged', path: 'a.sh' },
        params: { port: 2, size: 1 },
        essential: false,
      },
      { name: 'extra', script: { kind: 'inline', text: 'echo one\necho two\n' } },
    ]);
  });

  test('`max-timeout` of a test goes before that of the suite', async () => {
    const { spec } = await loadText(
      'max-timeout: 2h\nroles: { a: ./a.sh }\ntests: [{ name: x }, { name: y, max-timeout: 3h }]\n',
    );
    expect(spec.tests.map(({ maxTimeout }) => maxTimeout)).toEqual([7200, 10_800]);
  });

  test('a string in a test replaces only what the default role runs', async () => {
    const { spec } = await loadText(
      'roles: { a: { run: ./a.sh, count: 4 } }\ntests: [{ name: x, roles: { a: ./b.sh } }]\n',
    );
    expect(spec.tests[0]?.roles).toMatchObject([{ count: 4, script: { kind: 'staged', path: 'b.sh' } }]);
  });

  test('a role may have the name of something every object has', async () => {
    const { spec } = await loadText(
      'roles: { a: ./a.sh }\ntests: [{ name: x, roles: { a: , constructor: ls } }]\n',
    );
    expect(spec.tests[0]?.roles[1]).toMatchObject({
      name: 'constructor',
      script: { kind: 'inline', text: 'ls' },
    });
  });

  test('an anchor can be used for what repeats', async () => {
    const { spec } = await loadText(
      'tests:\n  - { name: x, roles: &r { a: ./a.sh } }\n  - { name: y, roles: *r }\n',
    );
    expect(spec.tests[1]?.roles).toEqual(spec.tests[0]?.roles);
  });

  test('the suite is called as its file is, unless it or the command line says otherwise', async () => {
    const text = 'tests: [{ name: x, roles: { a: ./a.sh } }]\n';
    expect((await loadText(text)).spec.suite).toBe('suite');
    expect((await loadText(`suite: mine\n${text}`)).spec.suite).toBe('mine');
    expect((await loadText(`suite: mine\n${text}`, { name: 'yours' })).spec.suite).toBe('yours');
  });

  test('a timeout on the command line holds for every test', async () => {
    const { spec } = await loadText(FULL, { timeout: 7 });
    expect(spec.tests.map((one) => one.timeout)).toEqual([7, 7]);
  });

  test('a timeout on the command line that is none is refused', async () => {
    expect((await failure(loadText(FULL, { timeout: 0 }))).message).toMatchInlineSnapshot(
      `"--timeout must be longer than 0 and at most 24 days"`,
    );
  });

  test('what comes out is what the protocol accepts', async () => {
    const { spec } = await loadText(FULL);
    expect(RunSpec.parse(spec)).toEqual(spec);
  });

  test('machines are counted once per role, by the test that needs most', async () => {
    const { spec } = await loadText(FULL);
    expect(nodesNeeded(spec)).toBe(3 + 1 + 1);
  });
});

describe('what run: means', () => {
  test.each([
    ['./a.sh', { kind: 'staged', path: 'a.sh' }],
    ['./x/.././a.sh', { kind: 'staged', path: 'a.sh' }],
    ['/bin/true', { kind: 'onNode', path: '/bin/true' }],
    ['./a.sh --fast', { kind: 'inline', text: './a.sh --fast' }],
    ['hostname', { kind: 'inline', text: 'hostname' }],
  ])('%s', async (run, script) => {
    const { spec } = await loadText(`tests: [{ name: x, roles: { a: "${run}" } }]\n`);
    expect(spec.tests[0]?.roles[0]?.script).toEqual(script);
  });

  test('a block of one word is that word', async () => {
    const { spec } = await loadText('tests:\n  - name: x\n    roles:\n      a: |\n        ./a.sh\n');
    expect(spec.tests[0]?.roles[0]?.script).toEqual({ kind: 'staged', path: 'a.sh' });
  });

  test('a file named without ./ is taken as a command, with a warning', async () => {
    const { spec, warnings } = await loadText('tests: [{ name: x, roles: { a: a.sh } }]\n');
    expect(spec.tests[0]?.roles[0]?.script).toEqual({ kind: 'inline', text: 'a.sh' });
    expect(warnings).toMatchInlineSnapshot(`
      [
        "suite.yaml:1:32: "a.sh" is taken as a command, not as the file of that name
          1 | tests: [{ name: x, roles: { a: a.sh } }]
            |                                ^^^^
      to run the file, write "./a.sh"",
      ]
    `);
  });
});

describe('--param', () => {
  const text = `
params: { seconds: 10, word: x, verbose: false }
roles: { a: { run: ./a.sh, params: { window: 64, seconds: 1 } } }
tests:
  - name: one
    params: { word: y, streams: 4 }
  - name: two
`;

  test('wins over role, test and suite, wherever the name is declared, and only there', async () => {
    const { spec } = await loadText(text, {
      params: { seconds: '99', word: 'z', streams: '8', window: '1' },
    });
    expect(spec.tests.map(({ params }) => params)).toEqual([
      { seconds: 99, word: 'z', streams: 8, verbose: false },
      { seconds: 99, word: 'z', verbose: false },
    ]);
    expect(spec.tests[0]?.roles[0]?.params).toEqual({ window: 1, seconds: 99 });
  });

  test.each([
    ['seconds', '0x10', 16],
    ['seconds', 'soon', 'soon'],
    ['seconds', '', ''],
    ['seconds', '.inf', '.inf'],
    ['word', '5', '5'],
    ['word', 'true', 'true'],
    ['verbose', 'true', true],
    ['verbose', '1', '1'],
  ])('%s=%s takes the type of what is declared where it can', async (name, given, value) => {
    const { spec } = await loadText(text, { params: { [name]: given } });
    expect(spec.tests[1]?.params[name]).toBe(value);
  });

  test('a name that nothing declares is refused, with those that are', async () => {
    const error = await failure(loadText(text, { params: { secnds: '5' } }));
    expect(error.code).toBe('USAGE');
    expect(error.message).toMatchInlineSnapshot(
      `"--param secnds: no such parameter; the suite declares: seconds, streams, verbose, window, word; did you mean "seconds"?"`,
    );
    const none = await failure(
      loadText('tests: [{ name: x, roles: { a: ./a.sh } }]\n', { params: { x: '1' } }),
    );
    expect(none.message).toMatchInlineSnapshot(`"--param x: no such parameter; the suite declares none"`);
  });

  test('a value that no variable can hold is refused', async () => {
    expect((await failure(loadText(text, { params: { word: 'a\0b' } }))).message).toMatchInlineSnapshot(
      `"--param word: the value contains NUL"`,
    );
    expect(
      (await failure(loadText(text, { params: { word: 'x'.repeat(70_000) } }))).message,
    ).toMatchInlineSnapshot(`"--param word: the value is longer than 65536 characters"`);
  });
});

describe('--only', () => {
  const text = `roles: { a: ./a.sh }\ntests: [{ name: up }, { name: "tcp[streams=4]" }, { name: "tcp[streams=16]" }, { name: t }]\n`;

  test.each([
    ['tcp*', ['tcp[streams=4]', 'tcp[streams=16]']],
    ['tcp[streams=?]', ['tcp[streams=4]']],
    ['tcp[streams=16]', ['tcp[streams=16]']],
    ['?', ['t']],
    ['*', ['up', 'tcp[streams=4]', 'tcp[streams=16]', 't']],
  ])('%s', async (glob, names) => {
    const { spec } = await loadText(text, { only: [glob] });
    expect(spec.tests.map(({ name }) => name)).toEqual(names);
  });

  test('several select what any of them does', async () => {
    const { spec } = await loadText(text, { only: ['up', 't'] });
    expect(spec.tests.map(({ name }) => name)).toEqual(['up', 't']);
  });

  test('nothing left lists what there is', async () => {
    const error = await failure(loadText(text, { only: ['udp*', 'tc'] }));
    expect(error.code).toBe('USAGE');
    expect(error.message).toMatchInlineSnapshot(
      `"--only "udp*" --only "tc" matches no test; the suite has: up, tcp[streams=4], tcp[streams=16], t"`,
    );
  });
});
