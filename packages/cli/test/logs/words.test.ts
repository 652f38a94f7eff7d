import { describe, expect, test } from 'vitest';
import { sinceOf, sourcesOf } from '../../src/logs/logs.ts';

describe('--since', () => {
  test('takes a time span or a time', () => {
    expect(sinceOf(undefined)).toEqual({});
    expect(sinceOf('10m')).toEqual({ ago: 600 });
    expect(sinceOf('2026-05-04T12:30:00Z')).toEqual({ since: Date.UTC(2026, 4, 4, 12, 30) });
    expect(sinceOf('2026-05-04 12:30:00Z')).toEqual({ since: Date.UTC(2026, 4, 4, 12, 30) });
  });

  test.each(['soon', '', '2026-99-99', '-5m'])('and says so of "%s"', (text) => {
    expect(() => sinceOf(text)).toThrow(expect.objectContaining({ code: 'USAGE' }) as Error);
  });
});

describe('--source', () => {
  test('takes one, both, or none for both', () => {
    expect(sourcesOf([])).toEqual(['stdout', 'stderr']);
    expect(sourcesOf(['stderr'])).toEqual(['stderr']);
    expect(sourcesOf(['stdout,stderr', 'stdout'])).toEqual(['stdout', 'stderr']);
  });

  test('and suggests the nearest', () => {
    expect(() => sourcesOf(['sdterr'])).toThrow('there is no "sdterr"; did you mean stderr?');
  });
});
