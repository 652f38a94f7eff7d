/** `where`, `skip` and `start` that cannot come true, shown at the very place. */
import { describe, expect, test } from 'vitest';
import { failure, loadText } from './suite-folder.ts';

async function complaint(text: string): Promise<string> {
  return (await failure(loadText(text))).message;
}

describe('an expression', () => {
  test('is shown where it is wrong, in plain text and in quotes', async () => {
    const message = await complaint(
      'roles:\n  a: { run: ./a.sh, where: cpus >> 2 }\n  b: { run: ./b.sh, where: "cpuss > 2" }\ntests: [{ name: x }]\n',
    );
    expect(message).toMatchInlineSnapshot(`
      "suite.yaml:2:34: "where": ">" is not expected here
          2 |   a: { run: ./a.sh, where: cpus >> 2 }
            |                                  ^

      suite.yaml:3:29: "where": nothing has the name "cpuss"
          3 |   b: { run: ./b.sh, where: "cpuss > 2" }
            |                             ^
      did you mean "cpus"? known: name, labels, addresses, arch, cpus, kernel, memory, os, KiB, MiB, GiB, TiB"
    `);
  });

  test('in a folded block is shown as a whole', async () => {
    const message = await complaint(
      'roles:\n  a:\n    run: ./a.sh\n    where: >-\n      cpus > 2 &&\n      memry > 1\ntests: [{ name: x }]\n',
    );
    expect(message).toMatch(/^suite\.yaml:\d+:\d+: "where": /);
    expect(message).toContain('memory');
  });

  test('of a test can name its own roles and parameters only', async () => {
    const message = await complaint(
      "params: { n: 1 }\nroles: { a: ./a.sh }\ntests:\n  - { name: x, skip: 'node.b.cpus > 2' }\n  - { name: y, matrix: { m: [1] }, skip: { when: 'param.m == param.k' } }\n",
    );
    expect(message).toMatchInlineSnapshot(`
      "suite.yaml:4:28: "skip": the test has no role "b"
          4 |   - { name: x, skip: 'node.b.cpus > 2' }
            |                            ^
      known: a

      suite.yaml:5:68: "skip": the test has no parameter "k"
          5 |   - { name: y, matrix: { m: [1] }, skip: { when: 'param.m == param.k' } }
            |                                                                    ^
      known: n, m"
    `);
  });

  test('that is not text, or none, is refused', async () => {
    const message = await complaint(
      "roles: { a: { run: ./a.sh, where: 3 } }\ntests: [{ name: x, skip: true }, { name: y, skip: {} }, { name: z, skip: { whn: 'true' } }, { name: w, skip: { when: [], reason: '' } }]\n",
    );
    expect(message).toMatchInlineSnapshot(`
      "suite.yaml:1:35: "where" in role "a" must be text, not 3
          1 | roles: { a: { run: ./a.sh, where: 3 } }
            |                                   ^

      suite.yaml:2:26: "skip" in test "x" must be an expression, or a mapping with "when" and "reason", not true
          2 | tests: [{ name: x, skip: true }, { name: y, skip: {} }, { name: z, skip: { whn: 'true' } }, { name: w, skip: {…
            |                          ^^^^

      suite.yaml:2:51: "skip" in test "y" must have "when", "reason" or both
          2 | tests: [{ name: x, skip: true }, { name: y, skip: {} }, { name: z, skip: { whn: 'true' } }, { name: w, skip: {…
            |                                                   ^^

      suite.yaml:2:76: unknown key "whn" in "skip" of test "z"
          2 | …name: y, skip: {} }, { name: z, skip: { whn: 'true' } }, { name: w, skip: { when: [], reason: '' } }]
            |                                          ^^^
      did you mean "when"?

      suite.yaml:2:118: "when" in "skip" of test "w" must be text, not a list
          2 | …n: 'true' } }, { name: w, skip: { when: [], reason: '' } }]
            |                                          ^^

      suite.yaml:2:130: "reason" in "skip" of test "w" must not be empty
          2 | …}, { name: w, skip: { when: [], reason: '' } }]
            |                                          ^^"
    `);
  });
});

describe('start', () => {
  test('is after a role of the test', async () => {
    expect(
      await complaint(
        'roles: { server: ./a.sh, c: { run: ./b.sh, start: after sevrer }, d: { run: ls, start: before server } }\ntests: [{ name: x }]\n',
      ),
    ).toMatchInlineSnapshot(`
      "suite.yaml:1:88: "start" in role "d" must be "after ROLE"
          1 | …t: after sevrer }, d: { run: ls, start: before server } }
            |                                          ^^^^^^^^^^^^^"
    `);
    expect(
      await complaint(
        'roles: { server: ./a.sh, c: { run: ./b.sh, start: after sevrer }, d: { run: ls, start: after x } }\ntests: [{ name: x }]\n',
      ),
    ).toMatchInlineSnapshot(`
      "suite.yaml:1:51: test "x" has no role "sevrer"
          1 | roles: { server: ./a.sh, c: { run: ./b.sh, start: after sevrer }, d: { run: ls, start: after x } }
            |                                                   ^^^^^^^^^^^^
      did you mean "server"?

      suite.yaml:1:88: test "x" has no role "x"
          1 | …t: after sevrer }, d: { run: ls, start: after x } }
            |                                          ^^^^^^^
      its other roles: server, c"
    `);
  });

  test('does not go round in a circle', async () => {
    const roles =
      '{ a: { start: after b }, b: { start: after c }, c: { start: after b }, d: { start: after d } }';
    expect(
      await complaint(`tests:\n  - name: x\n    roles: ${roles.replaceAll('{ start', '{ run: ls, start')}\n`),
    ).toMatchInlineSnapshot(`
      "suite.yaml:3:67: role "b" of test "x" would never start: b after c after b
          3 |     roles: { a: { run: ls, start: after b }, b: { run: ls, start: after c }, c: { run: ls, start: after b }, d…
            |                                                                   ^^^^^^^

      suite.yaml:3:99: role "c" of test "x" would never start: c after b after c
          3 | … start: after c }, c: { run: ls, start: after b }, d: { run: ls, start: after d } }
            |                                          ^^^^^^^

      suite.yaml:3:131: role "d" of test "x" would never start: d after d
          3 | … start: after b }, d: { run: ls, start: after d } }
            |                                          ^^^^^^^"
    `);
  });
});

describe('other keys', () => {
  test('say what they take', async () => {
    expect(
      await complaint(
        'tags: net\nsecrets: [1A]\nretries: -1\nretry-errors: 1.5\nparallel: 1\nfail-fast: "no"\nrun-timeout: 0\nskip-list: []\nroles: { a: { run: ./a.sh, parse: junit, timeout: 0 } }\ntests: [{ name: x, expect: pass, tags: ["!x", ""] }]\n',
      ),
    ).toMatchInlineSnapshot(`
      "suite.yaml:1:7: "tags" must be a list, not text
          1 | tags: net
            |       ^^^

      suite.yaml:2:11: entry 1 of "secrets" must have letters, digits and _ only, no digit first
          2 | secrets: [1A]
            |           ^^

      suite.yaml:3:10: "retries" must be at least 0
          3 | retries: -1
            |          ^^

      suite.yaml:4:15: "retry-errors" must be a whole number, not 1.5
          4 | retry-errors: 1.5
            |               ^^^

      suite.yaml:5:11: "parallel" must be true or false, not 1
          5 | parallel: 1
            |           ^

      suite.yaml:6:12: "fail-fast" must be true or false, not text
          6 | fail-fast: "no"
            |            ^^^^

      suite.yaml:7:14: "run-timeout" must be longer than 0
          7 | run-timeout: 0
            |              ^

      suite.yaml:8:12: "skip-list" must be text, not a list
          8 | skip-list: []
            |            ^^

      suite.yaml:9:35: "parse" in role "a" must be tap
          9 | roles: { a: { run: ./a.sh, parse: junit, timeout: 0 } }
            |                                   ^^^^^

      suite.yaml:9:51: "timeout" in role "a" must be longer than 0
          9 | roles: { a: { run: ./a.sh, parse: junit, timeout: 0 } }
            |                                                   ^

      suite.yaml:10:28: "expect" in test "x" must be fail
         10 | tests: [{ name: x, expect: pass, tags: ["!x", ""] }]
            |                            ^^^^

      suite.yaml:10:41: entry 1 of "tags" in test "x" must have letters, digits and _ . : / - only, a letter or digit first
         10 | tests: [{ name: x, expect: pass, tags: ["!x", ""] }]
            |                                         ^^^^

      suite.yaml:10:47: entry 2 of "tags" in test "x" must have letters, digits and _ . : / - only, a letter or digit first
         10 | tests: [{ name: x, expect: pass, tags: ["!x", ""] }]
            |                                               ^^"
    `);
  });
});
