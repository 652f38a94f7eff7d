/** What a person sees who wrote a suite file with a mistake in it. */
import { describe, expect, test } from 'vitest';
import { failure, loadText } from './suite-folder.ts';

async function complaint(text: string): Promise<string> {
  return (await failure(loadText(text))).message;
}

describe('keys', () => {
  test('an unknown key is shown with its line and the key that was meant', async () => {
    const error = await failure(
      loadText('suite: netperf\ntests:\n  - name: throughput\n    timout: 2m\n    roles: { a: ./a.sh }\n'),
    );
    expect(error.code).toBe('SUITE_INVALID');
    expect(error.message).toMatchInlineSnapshot(`
      "suite.yaml:4:5: unknown key "timout" in test "throughput"
          4 |     timout: 2m
            |     ^^^^^^
      did you mean "timeout"?"
    `);
    expect(error.details).toEqual({
      problems: [
        {
          file: 'suite.yaml',
          line: 4,
          column: 5,
          code: 'SUITE_INVALID',
          message: 'unknown key "timout" in test "throughput"',
        },
      ],
    });
  });

  test('an unknown key that resembles none lists those there are', async () => {
    expect(
      await complaint('tests:\n  - name: x\n    roles: { a: { run: ./a.sh, before: b } }\n'),
    ).toMatchInlineSnapshot(`
      "suite.yaml:3:32: unknown key "before" in role "a" of test "x"
          3 |     roles: { a: { run: ./a.sh, before: b } }
            |                                ^^^^^^
      known keys: run, count, where, start, timeout, params, env, essential, parse"
    `);
  });

  test('a key of a later version is said to be one', async () => {
    expect(
      await complaint('tests: [{ name: x, roles: { a: { run: ./a.sh, user: x } } }]\n'),
    ).toMatchInlineSnapshot(`
      "suite.yaml:1:47: "user" is not available in this version of Tutti
          1 | tests: [{ name: x, roles: { a: { run: ./a.sh, user: x } } }]
            |                                               ^^^^"
    `);
  });

  test('a duplicate key is a mistake, reported together with the others', async () => {
    expect(
      await complaint('timeout: 1m\ntimeout: soon\ntests: [{ name: x, roles: { a: ./a.sh } }]\n'),
    ).toMatchInlineSnapshot(`
      "suite.yaml:2:1: duplicate key "timeout"
          2 | timeout: soon
            | ^^^^^^^

      suite.yaml:2:10: "timeout" must be a duration (seconds, or 500ms, 30s, 2m, 1h, 1m30s)
          2 | timeout: soon
            |          ^^^^"
    `);
  });

  test('keys that are not words are refused', async () => {
    expect(await complaint('? [a]\n: 1\ntests: []\n')).toMatchInlineSnapshot(`
      "suite.yaml:1:3: a key must be a plain word
          1 | ? [a]
            |   ^^^"
    `);
    expect(await complaint('params: { __proto__: 1 }\ntests: []\n')).toMatchInlineSnapshot(`
      "suite.yaml:1:11: a key must be a plain word
          1 | params: { __proto__: 1 }
            |           ^^^^^^^^^"
    `);
  });

  test('names of roles, parameters and variables are checked', async () => {
    expect(
      await complaint(
        'params: { Seconds: 1 }\ntests:\n  - name: x\n    roles:\n      a-b: ./a.sh\n      c: { run: ./a.sh, env: { 1X: y } }\n',
      ),
    ).toMatchInlineSnapshot(`
      "suite.yaml:1:11: parameter "Seconds": use a lower-case letter, then lower-case letters, digits and _
          1 | params: { Seconds: 1 }
            |           ^^^^^^^

      suite.yaml:5:7: role "a-b" of test "x": use a lower-case letter, then lower-case letters, digits and _
          5 |       a-b: ./a.sh
            |       ^^^

      suite.yaml:6:32: variable "1X" in role "c" of test "x": use letters, digits and _, not beginning with a digit
          6 |       c: { run: ./a.sh, env: { 1X: y } }
            |                                ^^"
    `);
  });
});

describe('values', () => {
  test('values of a wrong type say what was expected and what is there', async () => {
    expect(
      await complaint(
        'timeout: 5 minutes\nlinger:\nparams: { x: [1], y: }\ntests:\n  - name: [x]\n    grace: -1\n    roles:\n      a: { run: 3, count: 0, essential: "no" }\n      b: [1]\n      c: { run: ./a.sh, count: 1.5 }\n',
      ),
    ).toMatchInlineSnapshot(`
      "suite.yaml:1:10: "timeout" must be a duration (seconds, or 500ms, 30s, 2m, 1h, 1m30s)
          1 | timeout: 5 minutes
            |          ^^^^^^^^^

      suite.yaml:2:1: "linger" must be a duration (seconds, or 500ms, 30s, 2m, 1h, 1m30s), not nothing
          2 | linger:
            | ^^^^^^

      suite.yaml:3:14: parameter "x" must be text, a number, true or false, not a list
          3 | params: { x: [1], y: }
            |              ^^^

      suite.yaml:3:19: parameter "y" must be text, a number, true or false, not nothing
          3 | params: { x: [1], y: }
            |                   ^

      suite.yaml:5:11: "name" in test 1 must be text, not a list
          5 |   - name: [x]
            |           ^^^

      suite.yaml:6:12: "grace" in test 1 must be at least 0
          6 |     grace: -1
            |            ^^

      suite.yaml:8:17: "run" in role "a" of test 1 must be text, not 3
          8 |       a: { run: 3, count: 0, essential: "no" }
            |                 ^

      suite.yaml:8:27: "count" in role "a" of test 1 must be at least 1
          8 |       a: { run: 3, count: 0, essential: "no" }
            |                           ^

      suite.yaml:8:41: "essential" in role "a" of test 1 must be true or false, not text
          8 |       a: { run: 3, count: 0, essential: "no" }
            |                                         ^^^^

      suite.yaml:9:10: role "b" of test 1 must be a script or a mapping with "run", not a list
          9 |       b: [1]
            |          ^^^

      suite.yaml:10:32: "count" in role "c" of test 1 must be a whole number, not 1.5
         10 |       c: { run: ./a.sh, count: 1.5 }
            |                                ^^^"
    `);
  });

  test('a timeout of nothing and one beyond all timers are refused', async () => {
    expect(
      await complaint(
        'timeout: 0s\ngrace: 600h\ntests: [{ name: x, timeout: 0, linger: 9999999, roles: { a: ./a.sh } }]\n',
      ),
    ).toMatchInlineSnapshot(`
      "suite.yaml:1:10: "timeout" must be longer than 0
          1 | timeout: 0s
            |          ^^

      suite.yaml:2:8: "grace" must be at most 24 days
          2 | grace: 600h
            |        ^^^^

      suite.yaml:3:29: "timeout" in test "x" must be longer than 0
          3 | tests: [{ name: x, timeout: 0, linger: 9999999, roles: { a: ./a.sh } }]
            |                             ^

      suite.yaml:3:40: "linger" in test "x" must be at most 24 days
          3 | tests: [{ name: x, timeout: 0, linger: 9999999, roles: { a: ./a.sh } }]
            |                                        ^^^^^^^"
    `);
  });

  test('an empty script, an empty name and NUL are refused', async () => {
    expect(
      await complaint(
        'tests:\n  - name: ""\n    roles: { a: " " }\n  - name: x\n    params: { p: "a\\0" }\n    roles: { a: "b\\0" }\n',
      ),
    ).toMatchInlineSnapshot(`
      "suite.yaml:2:11: "name" in test 1 must not be empty
          2 |   - name: ""
            |           ^^

      suite.yaml:3:17: role "a" of test 1 must not be empty
          3 |     roles: { a: " " }
            |                 ^^^

      suite.yaml:5:18: parameter "p" in test "x" must not contain NUL
          5 |     params: { p: "a\\0" }
            |                  ^^^^^

      suite.yaml:6:17: role "a" of test "x" must not contain NUL
          6 |     roles: { a: "b\\0" }
            |                 ^^^^^"
    `);
  });

  test('text that is not valid Unicode is refused', async () => {
    expect(await complaint('suite: "\\uD800"\ntests: []\n')).toMatchInlineSnapshot(`
      "suite.yaml:1:8: this text is not valid Unicode
          1 | suite: "\\uD800"
            |        ^^^^^^^^"
    `);
  });
});

describe('tests and roles', () => {
  test('tests are required, with a name each, and names are unique', async () => {
    expect(await complaint('suite: x\n')).toMatchInlineSnapshot(`
      "suite.yaml:1:1: the suite has no "tests"
          1 | suite: x
            | ^^^^^^^^
      it needs "tests:", a list with a "name" each"
    `);
    expect(await complaint('tests: []\n')).toMatchInlineSnapshot(`
      "suite.yaml:1:8: "tests" must not be an empty list
          1 | tests: []
            |        ^^"
    `);
    expect(await complaint('roles: { a: ./a.sh }\ntests:\n  - timeout: 1m\n')).toMatchInlineSnapshot(`
      "suite.yaml:3:5: test 1 has no "name"
          3 |   - timeout: 1m
            |     ^^^^^^^^^^^"
    `);
    expect(
      await complaint('roles: { a: ./a.sh }\ntests:\n  - name: x\n  - name: x\n'),
    ).toMatchInlineSnapshot(`
      "suite.yaml:4:11: a second test named "x"
          4 |   - name: x
            |           ^"
    `);
  });

  test('a test without any role is refused', async () => {
    expect(await complaint('tests:\n  - name: x\n')).toMatchInlineSnapshot(`
      "suite.yaml:2:5: test "x" has no roles
          2 |   - name: x
            |     ^^^^^^^"
    `);
  });

  test('a role with nothing to run is refused, at the test that uses it', async () => {
    expect(
      await complaint(
        'roles: { server: ./a.sh }\ntests:\n  - name: x\n    roles: { server: , sevrer: , c: {} }\n',
      ),
    ).toMatchInlineSnapshot(`
      "suite.yaml:4:24: role "sevrer" of test "x" has nothing to run
          4 |     roles: { server: , sevrer: , c: {} }
            |                        ^^^^^^
      did you mean "server"?

      suite.yaml:4:34: role "c" of test "x" has nothing to run
          4 |     roles: { server: , sevrer: , c: {} }
            |                                  ^
      give it a script: "c: ./c.sh", or "run:" below it; or the test a driver: "drive: FILE""
    `);
    expect(await complaint('roles: { server: { count: 2 } }\ntests:\n  - name: x\n')).toMatchInlineSnapshot(`
      "suite.yaml:1:10: role "server" of test "x" has nothing to run
          1 | roles: { server: { count: 2 } }
            |          ^^^^^^
      give it a script: "server: ./server.sh", or "run:" below it; or the test a driver: "drive: FILE""
    `);
  });

  test('a role that no test uses is refused', async () => {
    const error = await failure(
      loadText('roles:\n  a: ./a.sh\n  b: ./b.sh\ntests:\n  - name: x\n    roles: { a: }\n'),
    );
    expect(error.code).toBe('UNUSED_ROLE');
    expect(error.message).toMatchInlineSnapshot(`
      "suite.yaml:3:3: no test uses role "b"
          3 |   b: ./b.sh
            |   ^
      remove it, or name it under "roles" of a test"
    `);
  });
});

describe('the file itself', () => {
  test('broken YAML is shown in the same form', async () => {
    expect(await complaint('tests:\n  - name: "x\n')).toMatchInlineSnapshot(`
      "suite.yaml:2:13: not valid YAML: Missing closing "quote
          2 |   - name: "x
            |             ^"
    `);
    expect(await complaint('tests: [\n')).toMatchInlineSnapshot(`
      "suite.yaml:1:9: not valid YAML: Flow sequence in block collection must be sufficiently indented and end with a ]
          1 | tests: [
            |         ^"
    `);
    expect(await complaint('tests:\n\t- name: x\n')).toMatchInlineSnapshot(`
      "suite.yaml:2:1: not valid YAML: Tabs are not allowed as indentation
          2 |  - name: x
            | ^"
    `);
    expect(await complaint('a: 1\n---\nb: 1\n')).toMatchInlineSnapshot(`
      "suite.yaml:2:1: a suite file is one document, without a second "---"
          2 | ---
            | ^^^"
    `);
    expect(await complaint('suite: !mine x\n')).toMatchInlineSnapshot(`
      "suite.yaml:1:8: not valid YAML: Unresolved tag: !mine
          1 | suite: !mine x
            |        ^^^^^"
    `);
  });

  test('an empty file says what it needs', async () => {
    expect(await complaint('')).toMatchInlineSnapshot(`
      "suite.yaml:1:1: the suite is empty
          1 | 
            | ^
      it needs "tests:", a list with a "name" each"
    `);
    expect(await complaint('# nothing yet\n')).toMatchInlineSnapshot(`
      "suite.yaml:1:1: the suite is empty
          1 | # nothing yet
            | ^
      it needs "tests:", a list with a "name" each"
    `);
    expect(await complaint('just text\n')).toMatchInlineSnapshot(`
      "suite.yaml:1:1: the suite must be a mapping, not text
          1 | just text
            | ^^^^^^^^^"
    `);
  });

  test('aliases that multiply, and aliases to nothing, are refused', async () => {
    const bomb = [
      'a: &a [x,x,x,x,x,x,x,x]',
      'b: &b [*a,*a,*a,*a,*a]',
      'c: &c [*b,*b,*b,*b,*b]',
      'd: [*c,*c,*c]',
    ];
    expect(await complaint(`${bomb.join('\n')}\n`)).toContain('too many aliases (*name)');
    expect(await complaint(`a: &a x\ntests: [${'*a,'.repeat(200)}]\n`)).toContain('too many aliases (*name)');
    expect(await complaint('tests: *a\n')).toMatchInlineSnapshot(`
      "suite.yaml:1:8: nothing before this is named "&a"
          1 | tests: *a
            |        ^^"
    `);
  });

  test('a value inside itself is refused like any other wrong value', async () => {
    expect(await complaint('tests: &a [*a]\n')).toMatchInlineSnapshot(`
      "suite.yaml:1:11: test 1 must be a mapping, not a list
          1 | tests: &a [*a]
            |           ^^^^"
    `);
  });

  test('endless nesting is refused', async () => {
    expect(await complaint(`tests: ${'['.repeat(20_000)}`)).toMatch(/^suite\.yaml:1:\d+: /);
  });

  test('at most 20 mistakes are listed, and how many more there are', async () => {
    const keys = Array.from({ length: 30 }, (_, at) => `unknown${at}: 1`).join('\n');
    const error = await failure(loadText(`${keys}\ntests: [{ name: x, roles: { a: ./a.sh } }]\n`));
    expect(error.details?.['problems']).toHaveLength(20);
    expect(error.message.split('\n\n')).toHaveLength(21);
    expect(error.message).toMatch(/\n\nand 10 more$/);
  });

  test('a mistake in a default role shows once, however many tests use it', async () => {
    const error = await failure(loadText('roles: { a: ./c.sh }\ntests: [{ name: x }, { name: y }]\n'));
    expect(error.details?.['problems']).toHaveLength(1);
  });

  test('mistakes of several kinds come as one error, each with its own code', async () => {
    const error = await failure(
      loadText('roles:\n  b: ./b.sh\ntests:\n  - name: x\n    roles: { a: ./c.sh }\n'),
    );
    expect(error.code).toBe('SUITE_INVALID');
    expect(error.details).toMatchObject({ problems: [{ code: 'UNUSED_ROLE' }, { code: 'SCRIPT_MISSING' }] });
  });
});

describe('the quoted line', () => {
  test('tabs and control characters keep their place and do nothing to the terminal', async () => {
    expect(await complaint('tests: [{\tname: x,\ttimout: "\u0007\u009b"}]\n')).toMatchInlineSnapshot(`
      "suite.yaml:1:20: unknown key "timout" in test "x"
          1 | tests: [{ name: x, timout: "��"}]
            |                    ^^^^^^
      did you mean "timeout"?"
    `);
  });

  test('of a long line only the surroundings are shown', async () => {
    const long = `tests: [{ name: x, params: { p: ${'y'.repeat(300)} }, timout: 1, roles: { a: ${'z'.repeat(300)} } }]`;
    expect(await complaint(long)).toMatchInlineSnapshot(`
      "suite.yaml:1:337: unknown key "timout" in test "x"
          1 | …yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy }, timout: 1, roles: { a: zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz…
            |                                          ^^^^^^
      did you mean "timeout"?"
    `);
  });

  test('line ends of Windows are not part of it', async () => {
    expect(await complaint('suite: x\r\ntests: 3\r\n')).toMatchInlineSnapshot(`
      "suite.yaml:2:8: "tests" must be a list, not 3
          2 | tests: 3
            |        ^"
    `);
  });
});
