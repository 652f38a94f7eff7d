/** What is said on the pipes of private agents comes out as it went in. */
import { expect, test } from 'vitest';
import { lineOf, parseLine } from '../../src/join/words.ts';

test.each([
  { is: 'start' as const, stdout: '/proc/1/fd/20', stderr: '/proc/1/fd/21' },
  { is: 'shipped' as const },
  { is: 'idle' as const },
  {
    is: 'end' as const,
    end: { exit: { how: 'exited' as const, code: 3 }, duration: 1, logs: [], lastLine: 'x\ny', survivors: 0 },
  },
])('%o', (said) => {
  const line = lineOf(said);
  expect(line.match(/\n/g)).toHaveLength(1);
  expect(parseLine(line.trimEnd())).toEqual(said);
});

test('other lines mean nothing', () => {
  expect(parseLine('ready {}')).toBeUndefined();
  expect(parseLine('')).toBeUndefined();
});
