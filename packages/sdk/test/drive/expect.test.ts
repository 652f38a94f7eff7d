/** `expect` of drivers: its own types name what the library really has, and it is there without any other file. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { JestChaiExpect, type Assertion as OfLibrary } from '@vitest/expect';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { type Assertion, expect as ofDrivers } from '../../src/index.ts';

/** All that the types promise. */
const MATCHERS = [
  'toBe',
  'toEqual',
  'toStrictEqual',
  'toMatchObject',
  'toContain',
  'toContainEqual',
  'toMatch',
  'toHaveLength',
  'toHaveProperty',
  'toBeTruthy',
  'toBeFalsy',
  'toBeNull',
  'toBeUndefined',
  'toBeDefined',
  'toBeNaN',
  'toBeGreaterThan',
  'toBeGreaterThanOrEqual',
  'toBeLessThan',
  'toBeLessThanOrEqual',
  'toBeCloseTo',
  'toBeInstanceOf',
  'toBeTypeOf',
  'toBeOneOf',
  'toSatisfy',
  'toThrow',
] as const;

describe('expect of drivers', () => {
  test('has every matcher that its types name, and they name every one', () => {
    expect(JestChaiExpect).toBeTypeOf('function');
    const value = ofDrivers(1);
    for (const name of MATCHERS) expect(value[name], name).toBeTypeOf('function');
    expectTypeOf<Exclude<keyof Assertion, 'not' | 'resolves' | 'rejects'>>().toEqualTypeOf<
      (typeof MATCHERS)[number]
    >();
    // What is said here can be said there: a type that promises more than the library has would be a lie.
    expectTypeOf<keyof Assertion>().toExtend<keyof OfLibrary>();
  });

  test('says what is not so, waits for promises, and can be taught more', () => {
    // In a process of its own: here it would find what belongs to the runner of this test.
    const script = `
import { expect } from ${JSON.stringify(pathToFileURL(join(import.meta.dirname, '../../src/index.ts')).href)};
const said = [];
const tell = async (work) => { try { await work(); said.push('ok'); } catch (error) { said.push(error.message); } };
expect.extend({ toBeEven: (received) => ({ pass: received % 2 === 0, message: () => received + ' is odd' }) });
await tell(() => expect('abc').toContain('b'));
await tell(() => expect('abc').toContain('f'));
await tell(() => expect(1).not.toBe(1));
await tell(() => expect(1, 'primary').toBe(2));
await tell(() => expect({ a: 1, b: 2 }).toEqual(expect.objectContaining({ b: 2 })));
await tell(() => expect(Promise.resolve(3)).resolves.toBe(3));
await tell(() => expect(Promise.resolve(3)).resolves.toBe(4));
await tell(() => expect(Promise.reject(new Error('no'))).rejects.toThrow('no'));
await tell(() => expect(3).toBeEven());
console.log(JSON.stringify(said));`;
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual([
      'ok',
      "expected 'abc' to contain 'f'",
      expect.stringMatching(/^expected 1 not to be 1/),
      expect.stringMatching(/^primary: expected 1 to be 2/),
      'ok',
      'ok',
      expect.stringMatching(/^expected 3 to be 4/),
      'ok',
      '3 is odd',
    ]);
  });
});
