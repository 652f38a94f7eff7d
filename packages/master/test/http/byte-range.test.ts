import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Conditions, type Wanted, wantedOf } from '../../src/http/byte-range.ts';

const VERSION = { etag: '"a-1"', modified: Date.parse('2026-05-04T12:00:00.500Z') };
const WHOLE: Wanted = { kind: 'whole' };
const part = (start: number, end: number): Wanted => ({ kind: 'part', range: { start, end } });
const wanted = (conditions: Conditions, size = 100) => wantedOf(conditions, size, VERSION);

describe('a range', () => {
  test.for([
    [undefined, WHOLE],
    ['bytes=0-0', part(0, 1)],
    ['bytes=10-19', part(10, 20)],
    ['bytes=10-', part(10, 100)],
    ['bytes=99-', part(99, 100)],
    ['bytes=10-1000', part(10, 100)],
    ['bytes=-10', part(90, 100)],
    ['bytes=-1000', part(0, 100)],
    ['Bytes= 1-2 ', part(1, 3)],
    ['bytes=100-', { kind: 'beyond' }],
    ['bytes=100-200', { kind: 'beyond' }],
    ['bytes=-0', { kind: 'beyond' }],
    ['bytes=99999999999999999999-', { kind: 'beyond' }],
  ] as const)('%s', ([range, expected]) => {
    expect(wanted({ range })).toEqual(expected);
  });

  test.for(['bytes=', 'bytes=-', 'bytes=a-b', 'bytes=5-4', 'lines=1-2', 'bytes=0-1,5-6', '', 'bytes=1 -2'])(
    'that cannot be served counts as none: %s',
    (range) => {
      expect(wanted({ range })).toEqual(WHOLE);
    },
  );

  test('of an empty file is beyond it', () => {
    expect(wanted({ range: 'bytes=0-' }, 0)).toEqual({ kind: 'beyond' });
    expect(wanted({ range: 'bytes=-5' }, 0)).toEqual({ kind: 'beyond' });
    expect(wanted({}, 0)).toEqual(WHOLE);
  });

  test('whatever it says, what is given lies in the file and is not empty', () => {
    fc.assert(
      fc.property(fc.nat(50), fc.option(fc.nat(60)), fc.option(fc.nat(60)), (size, first, last) => {
        const range = `bytes=${first ?? ''}-${last ?? ''}`;
        const found = wanted({ range }, size);
        if (found.kind !== 'part') return;
        const { start, end } = found.range;
        expect(start).toBeGreaterThanOrEqual(0);
        expect(end).toBeGreaterThan(start);
        expect(end).toBeLessThanOrEqual(size);
      }),
    );
  });
});

describe('what has not changed', () => {
  test.for(['"a-1"', 'W/"a-1"', '"x", "a-1"', '*'])('is not sent again: If-None-Match %s', (ifNoneMatch) => {
    expect(wanted({ ifNoneMatch, range: 'bytes=0-1' })).toEqual({ kind: 'unchanged' });
  });

  test('is known by its tag before its time', () => {
    const ifModifiedSince = 'Mon, 04 May 2026 12:00:00 GMT';
    expect(wanted({ ifModifiedSince })).toEqual({ kind: 'unchanged' });
    expect(wanted({ ifModifiedSince, ifNoneMatch: '"b"' })).toEqual(WHOLE);
    expect(wanted({ ifModifiedSince: 'Mon, 04 May 2026 11:59:59 GMT' })).toEqual(WHOLE);
    expect(wanted({ ifModifiedSince: 'yesterday' })).toEqual(WHOLE);
  });

  test('goes on where it was, and what has begins anew', () => {
    const range = 'bytes=10-19';
    expect(wanted({ range, ifRange: '"a-1"' })).toEqual(part(10, 20));
    expect(wanted({ range, ifRange: 'Mon, 04 May 2026 12:00:00 GMT' })).toEqual(part(10, 20));
    for (const ifRange of ['"a-2"', 'W/"a-1"', 'Mon, 04 May 2026 12:00:01 GMT', 'nonsense'])
      expect(wanted({ range, ifRange })).toEqual(WHOLE);
  });
});
