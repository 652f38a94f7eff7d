/**
 * What becomes of TAP. The cases are those of the two specifications, in words of our own:
 * https://testanything.org/tap-version-14-specification.html, Documentation/dev-tools/ktap.rst of the Linux kernel.
 */
import { describe, expect, test } from 'vitest';
import { TapParser } from '../../src/tap/tap-parser.ts';
import { lines, parsed } from './parsed.ts';

describe('test points', () => {
  test('number, dash and description are each optional', () => {
    const text = '1..6\nok 1 - opened\nok 2 read it\nok - closed\nok\nok 5\nok 42nd street\n';
    expect(parsed(text).subtests).toEqual([
      'pass opened',
      'pass read it',
      'pass closed',
      'pass test 4',
      'pass test 5',
      'pass 42nd street',
    ]);
  });

  test('not ok makes its member fail, and the first one is named', () => {
    const { failure, subtests } = parsed('1..3\nok 1 - a\nnot ok 2 - b\nnot ok 3 - c\n');
    expect(failure).toBe('reported "not ok" of "b"');
    expect(subtests).toEqual(['pass a', 'fail b', 'fail c']);
  });

  test('words that only begin like one are none', () => {
    expect(parsed('1..1\nokay\nnotok 1\nnot okay\nOK 1\nok: yes\nok 1 - a\n').subtests).toEqual(['pass a']);
  });

  test('numbers may come in any order', () => {
    expect(parsed('1..3\nok 2 - b\nok 3 - c\nok 1 - a\n').failure).toBeUndefined();
  });
});

describe('directives', () => {
  test.each([
    ['ok 1 - a # SKIP no such device', 'skip a: no such device'],
    ['not ok 1 - a # skip', 'skip a'],
    ['ok 1 - a # Skipped: only on arm', 'skip a: only on arm'],
    ['ok 1 - #SkIp any case', 'skip test 1: any case'],
    ['not ok 1 - a # TODO write it', 'skip a: expected failure: write it'],
    ['ok 1 - a # TODO write it', 'warn a: expected to fail, and did not: write it'],
    ['not ok 1 a # XFAIL known', 'skip a: expected failure: known'],
    ['ok 1 a # XFAIL known', 'skip a: expected failure: known'],
    ['not ok 1 a # TIMEOUT 30 seconds', 'fail a: timed out: 30 seconds'],
    ['not ok 1 a # ERROR no memory', 'error a: no memory'],
    ['ok 1 - a # error handling works', 'pass a # error handling works'],
    ['ok 1 see https://tutti.example/page.html#skip it', 'pass see https://tutti.example/page.html#skip it'],
    ['ok 1 - hello \\# todo', 'pass hello # todo'],
    ['not ok 1 - hello # todo hash \\# sign', 'skip hello: expected failure: hash # sign'],
    ['not ok 1 - hello # todo hash # sign', 'skip hello: expected failure: hash # sign'],
    ['not ok 1 - hello \\\\# todo hash', 'skip hello \\: expected failure: hash'],
    ['ok 1 - hello # world # todo', 'pass hello # world # todo'],
    ['ok 1 - hello \\\\\\\\\\\\\\# todo', 'pass hello \\\\\\# todo'],
  ])('%s', (line, subtest) => {
    expect(parsed(`1..1\n${line}\n`).subtests).toEqual([subtest]);
  });

  test('what is expected to fail does not make its member fail', () => {
    expect(parsed('1..2\nnot ok 1 - a # TODO\nnot ok 2 - b # SKIP\n').failure).toBeUndefined();
  });

  test('in KTAP other text behind the hash is diagnostic data', () => {
    expect(parsed('KTAP version 1\n1..1\nok 1 check return code # rcode=0\n').subtests).toEqual([
      'pass check return code: rcode=0',
    ]);
  });
});

describe('the plan', () => {
  test('may come at the end', () => {
    expect(parsed('ok 1 - a\nok 2 - b\n1..2\n').failure).toBeUndefined();
  });

  test('that nothing is to be run, and why', () => {
    expect(parsed('TAP version 14\n1..0 # SKIP no translator\n')).toEqual({
      subtests: ['skip (all): no translator'],
      skipped: 'no translator',
    });
  });

  test('tells what did not come', () => {
    const { subtests, failure } = parsed('1..9\nok 1 - a\nok 4 - b\n');
    const problem = '9 tests were planned, 7 are missing: 2, 3, 5, 6, 7, …';
    expect(subtests).toEqual(['pass a', 'pass b', `error (plan): ${problem}`]);
    expect(failure).toBe(`printed TAP that is not whole: "(plan)": ${problem}`);
  });

  test.each([
    ['1..3\nok 2\nok 4\nok 1\n', '3 tests were planned, and test 4 came'],
    ['1..2\nok 1\nok 1\nok 2\n', 'test 1 came twice'],
    ['1..0\nok 1\n', 'no tests were planned, and test 1 came'],
    ['1..3\nok 1\n1..2\nok 2\n', 'there are two plans'],
    ['ok 1\nok 2\n', 'there is no plan ("1..2"), so whether all tests came is not known'],
  ])('is broken: %j', (text, problem) => {
    expect(parsed(text).subtests.at(-1)).toBe(`error (plan): ${problem}`);
  });

  test('of what was stopped from outside nothing is missing', () => {
    expect(parsed('1..3\nok 1 - a\n', false)).toEqual({ subtests: ['pass a'] });
  });

  test('is not needed in KTAP', () => {
    expect(parsed('KTAP version 1\nok 1 a\n').failure).toBeUndefined();
  });

  test('a huge one costs nothing', () => {
    expect(parsed('1..999999999\nok 7\n').subtests.at(-1)).toContain(
      '999999998 are missing: 1, 2, 3, 4, 5, …',
    );
  });
});

test('several programs may print one after the other', () => {
  const first = 'TAP version 13\n1..1\nok 1 - a\n';
  expect(parsed(`${first}${first}`).subtests).toEqual(['pass a', 'pass a']);
  expect(parsed('1..1\nok 1 - a\n1..1\nok 1 - b\n').failure).toBeUndefined();
  expect(parsed('TAP version 14\n1..2\nok 1 - a\nTAP version 14\n1..1\nok 1 - b\n').subtests).toEqual([
    'pass a',
    'error (plan): 2 tests were planned, 1 is missing: 2',
    'pass b',
  ]);
});

describe('what a test that is not ok says', () => {
  test('in a YAML block, by its message', () => {
    const text =
      "1..2\nnot ok 1 - dns\n  ---\n  message: 'not found'\n  severity: fail\n  at: {line: 142}\n  ...\nok 2 - b\n";
    expect(parsed(text).subtests).toEqual(['fail dns: not found', 'pass b']);
  });

  test('in a YAML block without one', () => {
    expect(parsed('1..1\nnot ok 1 - dns\n  ---\n  got: 1\n  want:\n    - 2\n  ...\n').subtests).toEqual([
      'fail dns: got: 1\nwant:\n  - 2',
    ]);
  });

  test('in a block that is no YAML', () => {
    expect(parsed('1..1\nnot ok 1 - dns\n  ---\n  {[: a\n  ...\n').subtests).toEqual(['fail dns: {[: a']);
  });

  test('in a block that nobody ends', () => {
    expect(parsed('1..2\nnot ok 1 - a\n  ---\n  got: 1\nok 2 - b\n').subtests).toEqual([
      'fail a: got: 1',
      'pass b',
    ]);
    expect(parsed('1..2\nnot ok 1 - a\n---\ngot: 1\nok 2 - b\n').subtests).toEqual([
      'fail a: got: 1',
      'pass b',
    ]);
  });

  test('in comments behind it; in KTAP before it', () => {
    const comments = '#   Failed test\n#   at line 3\n';
    expect(parsed(`1..2\nnot ok 1 - a\n${comments}ok 2 - b\n# the end\n`).subtests).toEqual([
      'fail a: Failed test\nat line 3',
      'pass b',
    ]);
    expect(parsed(`KTAP version 1\n1..2\nok 1 b\n${comments}not ok 2 a\n# the end\n`).subtests).toEqual([
      'pass b',
      'fail a: Failed test\nat line 3',
    ]);
  });
});

describe('nested documents', () => {
  test('of TAP, announced by comments', () => {
    const text = `TAP version 14
1..2
# Subtest: foo
    1..2
    ok 1
    ok 2 - this passed
ok 1 - foo
# Subtest: bar
    ok 1 - is a bar
    not ok 2 - can bear
      ---
      message: it cannot
      ...
    1..2
not ok 2 - bar
  ---
  fail: 1
  ...
`;
    expect(parsed(text)).toEqual({
      subtests: [
        'pass foo / test 1',
        'pass foo / this passed',
        'pass foo',
        'pass bar / is a bar',
        'fail bar / can bear: it cannot',
        'fail bar: fail: 1',
      ],
      failure: 'reported "not ok" of "bar / can bear": it cannot',
    });
  });

  test('of TAP, not announced, two levels at once', () => {
    const text =
      'TAP version 14\n        ok 1 - deep\n        1..1\n    ok 1 - inner\n    1..1\nok 1 - outer\n1..1\n';
    expect(parsed(text).subtests).toEqual(['pass outer / inner / deep', 'pass outer / inner', 'pass outer']);
  });

  test('of TAP, announced on every level', () => {
    const text = `TAP version 14
# Subtest: one
    # Subtest: two
        # Subtest: three
            1..1
            ok 1 - clear
        ok 1 - three
        1..1
    ok 1 - two
    1..1
ok 1 - one
1..1
`;
    expect(parsed(text).subtests[0]).toBe('pass one / two / three / clear');
    expect(parsed(text).failure).toBeUndefined();
  });

  test('an announcement with nothing behind it is no document', () => {
    expect(
      parsed('TAP version 13\n# Subtest: a\nok 1 - a\n# Subtest: b\nok 2 - b\n1..2\n# tests 2\n'),
    ).toEqual({
      subtests: ['pass a', 'pass b'],
    });
  });

  test('of KTAP, two spaces deep', () => {
    const text = `KTAP version 1
1..1
  KTAP version 1
  1..3
    KTAP version 1
    1..1
    # test_1: initializing
    ok 1 test_1
  ok 1 first
    KTAP version 1
    1..2
    ok 1 test_1 # SKIP no hardware
    ok 2 test_2
  ok 2 second
    KTAP version 1
    1..2
    # test_1: expected 1
    not ok 1 test_1
    ok 2 test_2
  not ok 3 third
not ok 1 main
`;
    expect(parsed(text)).toEqual({
      subtests: [
        'pass main / first / test_1',
        'pass main / first',
        'skip main / second / test_1: no hardware',
        'pass main / second / test_2',
        'pass main / second',
        'fail main / third / test_1: test_1: expected 1',
        'pass main / third / test_2',
        'fail main / third',
        'fail main',
      ],
      failure: 'reported "not ok" of "main / third / test_1": test_1: expected 1',
    });
  });

  test.each(['KTAP version 1\n    # Subtest: example', '# Subtest: example'])(
    'as KUnit writes them: %j',
    (head) => {
      const text = `TAP version 14\n1..1\n    ${head}\n    1..2\n    ok 1 - a\n    ok 2 - b\nok 1 - example\n`;
      expect(parsed(text)).toEqual({ subtests: ['pass example / a', 'pass example / b', 'pass example'] });
    },
  );

  test('live, before their test point has come', () => {
    const parser = new TapParser();
    parser.push(Buffer.from('KTAP version 1\n1..1\n  KTAP version 1\n  ok 1 a\n  ok 2'));
    expect(lines(parser)).toEqual(['pass … / a']);
  });

  test('whose test point says that failures are expected', () => {
    const nested = '# Subtest: new\n    not ok 1 - a\n    1..2\n';
    expect(parsed(`1..1\n${nested}not ok 1 - new # TODO write it\n`)).toEqual({
      subtests: [
        'skip new / a: expected failure: write it',
        'skip new / (plan): expected failure: write it',
        'skip new: expected failure: write it',
      ],
    });
    expect(parsed(`1..1\n${nested}ok 1 - new\n`).failure).toBe('reported "not ok" of "new / a"');
  });

  test('lines that are indented by accident are not TAP', () => {
    expect(parsed('1..1\n  ok 1 - two\n   ok 1 - three\n\tok 1 - tab\nok 1 - a\n').subtests).toEqual([
      'pass a',
    ]);
  });
});

describe('bail out', () => {
  test('ends everything, and is the cause', () => {
    expect(parsed('1..573\nnot ok 1 - database\nBail out! No \\# database.\nok 2 - b\n')).toEqual({
      subtests: ['fail database', 'error (bail out): No # database.'],
      failure: 'bailed out: No # database.',
    });
  });

  test('in a nested document ends all of them', () => {
    expect(parsed('1..2\n    ok 1 - a\n    bail out!\nok 1 - b\n').failure).toBe('bailed out');
  });
});

test('an output without any TAP is no good one', () => {
  expect(parsed('hello\n').failure).toBe('printed no TAP, though its role says `parse: tap`');
  expect(parsed('').failure).toBeDefined();
  expect(parsed('hello\n', false).failure).toBeUndefined();
});

test('other lines, pragmas and blank lines change nothing', () => {
  const text =
    'TAP version 14\npragma +strict\n1..2\n\n[ 1.0] kernel: usb\nok 1 - a\nhalf a line ok 3\nok 2 - b\n';
  expect(parsed(text)).toEqual({ subtests: ['pass a', 'pass b'] });
});
