/** `matrix:`: one test for each combination of values. */
import { RunSpec } from '@tutti/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { combinationCount, combinationName, combinations } from '../../src/suite/matrix.ts';
import { failure, loadText } from './suite-folder.ts';

const value = fc.oneof(fc.integer(), fc.boolean(), fc.string({ maxLength: 5 }));
const matrix = fc.dictionary(
  fc.stringMatching(/^[a-z][a-z0-9_]{0,5}$/),
  fc.array(value, { minLength: 1, maxLength: 4 }),
  {
    maxKeys: 4,
  },
);

describe('combinations', () => {
  test('are as many as the product of the lists, one for each way to pick a value of every list', () => {
    fc.assert(
      fc.property(matrix, fc.infiniteStream(fc.nat()), (axes, picks) => {
        const all = combinations(axes);
        expect(all).toHaveLength(combinationCount(axes));
        // Any way to pick is there, where counting in mixed radix says that it is.
        const entries = Object.entries(axes);
        const chosen = entries.map(
          ([name, values]) => [name, Number(picks.next().value) % values.length, values] as const,
        );
        const index = chosen.reduce((sum, [, at, values]) => sum * values.length + at, 0);
        expect(all[index]).toEqual(
          Object.fromEntries(chosen.map(([name, at, values]) => [name, values[at]])),
        );
      }),
    );
  });

  test('of different words have different names', () => {
    const word = fc.stringMatching(/^[a-z0-9]{1,5}$/);
    const words = fc.dictionary(
      fc.stringMatching(/^[a-z]{1,3}$/),
      fc.uniqueArray(word, { minLength: 1, maxLength: 4 }),
      { maxKeys: 4 },
    );
    fc.assert(
      fc.property(words, (axes) => {
        const names = combinations(axes).map((one) => combinationName('t', one));
        expect(new Set(names).size).toBe(names.length);
      }),
    );
  });
});

const TWO = `
params: { seconds: 10, mode: none }
roles: { a: ./a.sh, b: { run: ./b.sh, params: { streams: 99 } } }
tests:
  - name: throughput
    matrix: { streams: [1, 4], mode: [a, true] }
  - name: plain
`;

describe('a matrix in a suite', () => {
  test('makes a test for each combination, the last parameter changing fastest', async () => {
    const { spec } = await loadText(TWO);
    expect(spec.tests.map(({ name, params }) => [name, params])).toEqual([
      ['throughput[streams=1,mode=a]', { seconds: 10, streams: 1, mode: 'a' }],
      ['throughput[streams=1,mode=true]', { seconds: 10, streams: 1, mode: true }],
      ['throughput[streams=4,mode=a]', { seconds: 10, streams: 4, mode: 'a' }],
      ['throughput[streams=4,mode=true]', { seconds: 10, streams: 4, mode: true }],
      ['plain', { seconds: 10, mode: 'none' }],
    ]);
  });

  test("goes under a role's own parameters", async () => {
    const { spec } = await loadText(TWO);
    expect(spec.tests.map(({ roles }) => roles[1]?.params['streams'])).toEqual([99, 99, 99, 99, 99]);
  });

  test('has one value of a parameter that is given, which need not be one of the list', async () => {
    const listed = await loadText(TWO, { params: { streams: '4' } });
    expect(listed.spec.tests.map(({ name }) => name)).toEqual([
      'throughput[streams=4,mode=a]',
      'throughput[streams=4,mode=true]',
      'plain',
    ]);
    const other = await loadText(TWO, { params: { streams: '8', mode: 'true' } });
    expect(other.spec.tests.map(({ name, params }) => [name, params])).toEqual([
      ['throughput[streams=8,mode=true]', { seconds: 10, streams: 8, mode: true }],
      ['plain', { seconds: 10, mode: 'true' }],
    ]);
    expect(other.spec.tests[0]?.roles[1]?.params).toEqual({ streams: 8 });
  });

  test('of 10,000 tests is no trouble', async () => {
    const ten = '[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]';
    const { spec } = await loadText(
      `roles: { a: ./a.sh }\ntests:\n  - name: x\n    skip: param.a == 11\n    matrix: { a: ${ten}, b: ${ten}, c: ${ten}, d: ${ten} }\n`,
      { only: ['x*'], skip: ['*d=11*'] },
    );
    expect(spec.tests).toHaveLength(10_000);
    expect(spec.tests.at(-1)?.name).toBe('x[a=9,b=9,c=9,d=9]');
    expect(RunSpec.parse(spec).tests).toHaveLength(10_000);
  });
});

describe('a matrix with a mistake', () => {
  async function complaint(matrixText: string): Promise<string> {
    const text = `roles: { a: ./a.sh }\ntests:\n  - name: x\n    matrix: ${matrixText}\n`;
    return (await failure(loadText(text))).message;
  }

  test('that explodes is refused with the count, before anything is made', async () => {
    const axis = `[${Array.from({ length: 101 }, (_, at) => at).join(',')}]`;
    expect(await complaint(`{ a: &l ${axis}, b: *l }`)).toContain(
      'suite.yaml:4:5: the matrix of test "x" has 10201 combinations, and a run at most 10000 tests\n',
    );
    expect(
      await complaint(`{ a: &l ${axis}, ${Array.from({ length: 50 }, (_, at) => `p${at}: *l`).join(', ')} }`),
    ).toMatch(/the matrix of test "x" has 1\.66\d+e\+102 combinations/);
  });

  test('that explodes together with the other tests is refused too', async () => {
    const axis = `[${Array.from({ length: 100 }, (_, at) => at).join(',')}]`;
    const text = `roles: { a: ./a.sh }\ntests: [{ name: x, matrix: { a: &l ${axis}, b: *l } }, { name: y }]\n`;
    expect((await failure(loadText(text))).message).toContain('the suite has 10001 tests, more than 10000');
  });

  test('in its values says which', async () => {
    expect(await complaint('{ a: [1, [2]], b: [], c: 3, D: [1] }')).toMatchInlineSnapshot(`
      "suite.yaml:4:22: value 2 of matrix parameter "a" in test "x" must be text, a number, true or false, not a list
          4 |     matrix: { a: [1, [2]], b: [], c: 3, D: [1] }
            |                      ^^^

      suite.yaml:4:31: matrix parameter "b" in test "x" must not be an empty list
          4 |     matrix: { a: [1, [2]], b: [], c: 3, D: [1] }
            |                               ^^

      suite.yaml:4:38: matrix parameter "c" in test "x" must be a list, not 3
          4 |     matrix: { a: [1, [2]], b: [], c: 3, D: [1] }
            |                                      ^

      suite.yaml:4:41: matrix parameter "D" in test "x": use a lower-case letter, then lower-case letters, digits and _
          4 |     matrix: { a: [1, [2]], b: [], c: 3, D: [1] }
            |                                         ^"
    `);
    expect(await complaint('{}')).toMatchInlineSnapshot(`
      "suite.yaml:4:13: "matrix" in test "x" must name a parameter and its values
          4 |     matrix: {}
            |             ^^"
    `);
    expect(await complaint('[1]')).toMatchInlineSnapshot(`
      "suite.yaml:4:13: "matrix" in test "x" must be a mapping, not a list
          4 |     matrix: [1]
            |             ^^^"
    `);
  });

  test('in the names that it makes says why', async () => {
    expect(await complaint('{ a: [1, "1"] }')).toMatchInlineSnapshot(`
      "suite.yaml:4:13: two combinations of the matrix are both called "x[a=1]"
          4 |     matrix: { a: [1, "1"] }
            |             ^^^^^^^^^^^^^^^"
    `);
    expect(await complaint(`{ a: [1, ${'y'.repeat(200)}] }`)).toMatchInlineSnapshot(`
      "suite.yaml:3:11: the name "x[a=yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy…" has 205 characters, more than 128
          3 |   - name: x
            |           ^
      shorten it, or the values of its matrix"
    `);
    expect(await complaint('{ a: ["1\\n2"] }')).toMatchInlineSnapshot(`
      "suite.yaml:4:13: values of a matrix become part of names: no line ends or controls
          4 |     matrix: { a: ["1\\n2"] }
            |             ^^^^^^^^^^^^^^^"
    `);
  });
});
