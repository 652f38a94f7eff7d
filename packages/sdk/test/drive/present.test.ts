/** How a failure is told: whose fault it is, where it is, and one sentence of a length that is kept. */
import { describe, expect, test } from 'vitest';
import { exitStatus, isOfLab, outcomeOf } from '../../src/drive/failures/classify.ts';
import { ownFrames } from '../../src/drive/failures/frames.ts';
import { presented, sentence } from '../../src/drive/failures/present.ts';
import { TuttiError } from '../../src/index.ts';

describe('whose fault it is', () => {
  test.each([
    ['NODE_LOST', true],
    ['NOT_CONNECTED', true],
    ['DISK_FULL', true],
    ['INTERNAL', true],
    ['TIMED_OUT', false],
    ['BARRIER_BROKEN', false],
    ['COMMAND_FAILED', false],
    ['NO_SUCH_MEMBER', false],
    ['NO_SUCH_FILE', false],
    ['CANNOT_REBOOT', false],
  ])('%s: the lab broke is %s', (code, lab) => {
    expect(isOfLab(new TuttiError(code, 'why'))).toBe(lab);
  });

  test('an error of the script itself is a failed test', () => {
    expect(outcomeOf(new TypeError('x is not a function'))).toBe('fail');
    expect(outcomeOf('thrown')).toBe('fail');
  });

  test('one broken machine among several makes it the lab', () => {
    const errors = [new Error('a'), new TuttiError('NODE_LOST', 'b')];
    expect(isOfLab(new AggregateError(errors))).toBe(true);
    expect(isOfLab(new AggregateError(errors.slice(0, 1)))).toBe(false);
  });

  test.each([
    [[], 0],
    [['pass', 'skip'], 0],
    [['skip', 'skip'], 77],
    [['pass', 'fail', 'skip'], 1],
    [['fail', 'error'], 99],
  ] as const)('%j ends with %i', (outcomes, status) => {
    expect(exitStatus(outcomes)).toBe(status);
  });
});

describe('where it is', () => {
  test('of a stack only the frames of files that are neither the SDK nor installed count', () => {
    const sdk = `${import.meta.dirname.replace(/\/test\/drive$/, '/src')}/barrier.ts`;
    const stack = `Error: no
    at fail (node:internal/process:1:1)
    at run (${sdk}:10:3)
    at helper (file:///work/node_modules/x/index.js:1:1)
    at async step (file:///work/my%20test.ts:3:7)
    at async Promise.all (index 0)
    at /work/other.ts:9:1`;
    expect(ownFrames(stack)).toEqual([
      { file: '/work/my test.ts', line: 3, column: 7 },
      { file: '/work/other.ts', line: 9, column: 1 },
    ]);
  });

  test('a file that cannot be read as a program has its place above its name', () => {
    const stack = '/work/a.ts:7\n  enum X { a }\n  ^^^^\n\nSyntaxError: no\n    at node:internal/x:1:1';
    expect(ownFrames(stack)).toEqual([{ file: '/work/a.ts', line: 7, column: 3 }]);
  });
});

describe('the sentence', () => {
  test('has at most what an agent keeps of a last line, and keeps the place', () => {
    const error = new Error('x'.repeat(1000));
    error.stack = `Error: x\n    at f (/work/a.ts:3:7)`;
    const words = sentence('failover', error);
    expect(words).toHaveLength(200);
    expect(words).toMatch(/^failover: x+… \(\/work\/a\.ts:3\)$/);
  });

  test('is one line, without colours, and the last one', () => {
    const error = new Error('\u001B[31mone\u001B[39m\ntwo');
    error.stack = '';
    expect(presented('a', error).split('\n')).toEqual(['failed: one', 'two', 'a: one']);
  });

  test('what is no error is shown as it is', () => {
    expect(sentence('a', { code: 3 })).toBe('a: thrown: { code: 3 }');
  });

  test('causes are told, but for an errno that the message has already', () => {
    const cause = Object.assign(new Error('ENOENT: no such file'), { syscall: 'open' });
    const told = (reason: Error): string =>
      presented('', Object.assign(new Error('no x', { cause: reason }), { stack: '' }));
    expect(told(cause)).not.toContain('caused by');
    expect(told(new Error('because'))).toContain('  caused by: because');
  });
});
