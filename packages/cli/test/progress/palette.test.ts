import { STATUSES } from '@tutti/protocol';
import { describe, expect, test } from 'vitest';
import { paletteFor } from '../../src/progress/palette.ts';

const plain = { status: 'FAIL       ', dim: '1.0 s' };
const painted = (isTerminal: boolean, env: Record<string, string>) => {
  const palette = paletteFor(isTerminal, env);
  return { status: palette.status('FAIL       '), dim: palette.dim('1.0 s') };
};

describe('colours', () => {
  test('are there on a terminal', () => {
    expect(painted(true, {})).toEqual({
      status: '\u001b[31mFAIL       \u001b[0m',
      dim: '\u001b[2m1.0 s\u001b[0m',
    });
  });

  test.each([
    ['elsewhere', false, {}],
    ['where NO_COLOR says so', true, { NO_COLOR: '1' }],
    ['on a dumb terminal', true, { TERM: 'dumb' }],
  ])('are not there %s', (_, isTerminal, env) => {
    expect(painted(isTerminal, env)).toEqual(plain);
  });

  test('are there with an empty NO_COLOR, as no-color.org has it', () => {
    expect(painted(true, { NO_COLOR: '' }).dim).not.toBe(plain.dim);
  });
});

test('every status has a colour, and what is no status has none', () => {
  const palette = paletteFor(true, {});
  for (const name of STATUSES) expect(palette.status(name)).toMatch(/^\u001b\[3[123]m[A-Z]+\u001b\[0m$/);
  expect(palette.status('RUNNING')).toBe('RUNNING');
});
