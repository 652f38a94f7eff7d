import { expect, test } from 'vitest';
import { collect, keyValue } from '../src/options.ts';

test('a repeated option collects its values in order, and leaves what was before as it is', () => {
  const before = ['a'];
  expect(collect('b', before)).toEqual(['a', 'b']);
  expect(before).toEqual(['a']);
});

test.each([
  ['key=value', ['key', 'value']],
  ['key=', ['key', '']],
  ['key=a=b', ['key', 'a=b']],
  ['key= spaced ', ['key', ' spaced ']],
  ['a key=b\nc', ['a key', 'b\nc']],
])('%j is split at its first "="', (text, pair) => {
  expect(keyValue(text, '--param')).toEqual(pair);
});

test.each(['', 'key', '=', '=value'])('%j is no KEY=VALUE: the option and the text are named', (text) => {
  expect(() => keyValue(text, '--label')).toThrow(
    expect.objectContaining({ code: 'USAGE', message: `--label takes KEY=VALUE, not "${text}"` }),
  );
});
