import { expect, test } from 'vitest';
import { table } from '../src/table.ts';

test('columns are as wide as their widest cell, and lines end where their text does', () => {
  expect(
    table([
      ['NAME', 'STATE', 'LABELS'],
      ['n1', 'unreachable', ''],
      ['a-longer-one', 'idle', 'rack=a'],
    ]),
  ).toBe(
    [
      'NAME          STATE        LABELS',
      'n1            unreachable',
      'a-longer-one  idle         rack=a',
      '',
    ].join('\n'),
  );
});

test('a wide character takes the two columns that it takes on the screen', () => {
  expect(
    table([
      ['日本', 'a'],
      ['xyz', 'b'],
    ]),
  ).toBe('日本  a\nxyz   b\n');
});

test('no rows are no text', () => {
  expect(table([])).toBe('');
});

test('two hundred thousand rows are a table like any other', () => {
  expect(table(Array.from({ length: 200_000 }, () => ['x'])).length).toBe(400_000);
});
