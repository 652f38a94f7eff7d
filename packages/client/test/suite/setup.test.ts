/** `setup:` and `teardown:`: on which machines, with what, and when they cannot be told. */
import { RunSpec } from '@tutti/protocol';
import { describe, expect, test } from 'vitest';
import { failure, loadText } from './suite-folder.ts';

const TESTS = `
params: { seconds: 10 }
env: { LEVEL: 1.10 }
timeout: 5m
grace: 7
secrets: [TOKEN]
roles:
  server: { run: ./a.sh, where: cpus >= 2, params: { port: 1 }, env: { FROM: role }, essential: false, timeout: 3 }
  client: { run: ./b.sh, start: after server, parse: tap }
tests:
  - name: small
    tags: [quick]
  - name: big
    roles: { server: , client: { count: 3 } }
  - name: other
    roles: { server: , extra: ./b.sh }
`;

describe('setup and teardown', () => {
  test('for all run on all machines of the run, with what suite and default role give', async () => {
    const { spec } = await loadText(`setup: { all: ./a.sh }\nteardown: ./b.sh\n${TESTS}`);
    expect(spec.setup).toEqual({
      name: 'setup',
      timeout: 300,
      linger: 10,
      grace: 7,
      params: { seconds: 10 },
      secrets: ['TOKEN'],
      roles: [
        {
          name: 'server',
          count: 1,
          script: { kind: 'staged', path: 'a.sh' },
          where: 'cpus >= 2',
          params: { port: 1 },
          env: { LEVEL: '1.10', FROM: 'role' },
          essential: true,
        },
        {
          name: 'client',
          count: 3,
          script: { kind: 'staged', path: 'a.sh' },
          params: {},
          env: { LEVEL: '1.10' },
          essential: true,
        },
        {
          name: 'extra',
          count: 1,
          script: { kind: 'staged', path: 'a.sh' },
          params: {},
          env: { LEVEL: '1.10' },
          essential: true,
        },
      ],
    });
    expect(spec.teardown?.name).toBe('teardown');
    expect(spec.teardown?.roles).toHaveLength(3);
    for (const { script } of spec.teardown?.roles ?? [])
      expect(script).toEqual({ kind: 'staged', path: 'b.sh' });
    expect(RunSpec.parse(spec)).toEqual(spec);
  });

  test('for one role go before that for all, with parameters, variables and time of their own', async () => {
    const { spec } = await loadText(
      `setup:\n  all: echo all\n  server: { run: ./a.sh, params: { port: 2, x: y }, env: { V: 1.50 }, timeout: 10m }\n${TESTS}`,
      { params: { port: '9', seconds: '1' } },
    );
    expect(spec.setup).toMatchObject({ timeout: 600, params: { seconds: 1 } });
    expect(spec.setup?.roles).toMatchObject([
      {
        script: { kind: 'staged', path: 'a.sh' },
        params: { port: 9, x: 'y' },
        env: { LEVEL: '1.10', FROM: 'role', V: '1.50' },
        timeout: 600,
      },
      { script: { kind: 'inline', text: 'echo all' } },
      { script: { kind: 'inline', text: 'echo all' } },
    ]);
  });

  test('are for the roles of chosen tests only', async () => {
    const { spec } = await loadText(
      `setup: { all: ./a.sh, extra: ./b.sh }\nteardown: { extra: ./b.sh }\n${TESTS}`,
      {
        tags: ['quick'],
      },
    );
    expect(spec.setup?.roles.map(({ name, count }) => [name, count])).toEqual([
      ['server', 1],
      ['client', 1],
    ]);
    expect(spec.teardown).toBeUndefined();
  });
});

describe('setup with a mistake', () => {
  async function complaint(setup: string, tests = TESTS): Promise<string> {
    return (await failure(loadText(`setup: ${setup}\n${tests}`))).message;
  }

  test('in its form says which', async () => {
    expect(
      await complaint('{ all: 3, server: { runs: x }, client: { params: { A: 1 }, run: " " } }'),
    ).toMatchInlineSnapshot(`
      "suite.yaml:1:15: setup of all roles must be a script or a mapping with "run", not 3
          1 | setup: { all: 3, server: { runs: x }, client: { params: { A: 1 }, run: " " } }
            |               ^

      suite.yaml:1:26: setup of role "server" has no "run"
          1 | setup: { all: 3, server: { runs: x }, client: { params: { A: 1 }, run: " " } }
            |                          ^^^^^^^^^^^

      suite.yaml:1:28: unknown key "runs" in setup of role "server"
          1 | setup: { all: 3, server: { runs: x }, client: { params: { A: 1 }, run: " " } }
            |                            ^^^^
      did you mean "run"?

      suite.yaml:1:59: parameter "A" in setup of role "client": use a lower-case letter, then lower-case letters, digits and _
          1 | setup: { all: 3, server: { runs: x }, client: { params: { A: 1 }, run: " " } }
            |                                                           ^

      suite.yaml:1:72: "run" in setup of role "client" must not be empty
          1 | …: x }, client: { params: { A: 1 }, run: " " } }
            |                                          ^^^"
    `);
    expect(await complaint('[./a.sh]')).toMatchInlineSnapshot(`
      "suite.yaml:1:8: "setup" must be a script for all roles, or a mapping of roles (or "all") to scripts, not a list
          1 | setup: [./a.sh]
            |        ^^^^^^^^"
    `);
  });

  test('in a role or a script is told with all other mistakes', async () => {
    expect(await complaint('{ sevrer: ./a.sh, all: ./c.sh, client: ../x }')).toMatchInlineSnapshot(`
      "suite.yaml:1:10: "setup" names role "sevrer", which no test has
          1 | setup: { sevrer: ./a.sh, all: ./c.sh, client: ../x }
            |          ^^^^^^
      did you mean "server"?

      suite.yaml:1:31: the script ./c.sh does not exist
          1 | setup: { sevrer: ./a.sh, all: ./c.sh, client: ../x }
            |                               ^^^^^^
      did you mean "./a.sh"?

      suite.yaml:1:47: the script ../x is outside the suite's folder
          1 | setup: { sevrer: ./a.sh, all: ./c.sh, client: ../x }
            |                                               ^^^^
      keep it below the folder of the suite file, which is what machines get"
    `);
    expect(await complaint('{ nobody: ./a.sh }')).toMatchInlineSnapshot(`
      "suite.yaml:1:10: "setup" names role "nobody", which no test has
          1 | setup: { nobody: ./a.sh }
            |          ^^^^^^
      there are: server, client, extra; or "all""
    `);
  });

  test('cannot be for a role called all', async () => {
    expect(
      await complaint('{ all: ./a.sh }', 'tests: [{ name: x, roles: { all: ./a.sh } }]\n'),
    ).toMatchInlineSnapshot(`
      "suite.yaml:1:10: "all" in "setup" means all roles, and there is a role of that name
          1 | setup: { all: ./a.sh }
            |          ^^^
      rename the role"
    `);
  });

  test('cannot be for a role that is on other machines in each test, among those that are chosen', async () => {
    const tests =
      'roles: { a: { run: ./a.sh, where: cpus > 1 }, b: ./b.sh }\ntests: [{ name: x }, { name: y, roles: { a: { where: cpus > 8 }, b: } }, { name: z, roles: { a: , b: { where: cpus > 2 } } }]\n';
    expect(await complaint('{ all: ./a.sh }', tests)).toMatchInlineSnapshot(`
      "suite.yaml:1:10: "setup" cannot tell which machines role "a" has: "cpus > 1" in "x", "cpus > 8" in "y"
          1 | setup: { all: ./a.sh }
            |          ^^^
      give the roles of different machines different names, or run these tests apart"
    `);
    expect(await complaint('{ b: ./a.sh }', tests)).toMatchInlineSnapshot(`
      "suite.yaml:1:10: "setup" cannot tell which machines role "b" has: any machine in "x", "cpus > 2" in "z"
          1 | setup: { b: ./a.sh }
            |          ^
      give the roles of different machines different names, or run these tests apart"
    `);
    const apart = await loadText(`setup: { all: ./a.sh }\n${tests}`, { only: ['x'] });
    expect(apart.spec.setup?.roles.map(({ where }) => where)).toEqual(['cpus > 1', undefined]);
  });
});
