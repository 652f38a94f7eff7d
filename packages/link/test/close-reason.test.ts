import { TuttiError } from '@tutti/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { closeReason, fromCloseReason } from '../src/close-reason.ts';

/** Of characters of one to four bytes. */
const text = (minLength: number) =>
  fc
    .array(fc.constantFrom('a', ' ', '\n', 'ü', '字', '\u{ffff}', '🎻', '\u{10ffff}'), {
      minLength,
      maxLength: 150,
      size: 'max',
    })
    .map((characters) => characters.join(''));

test('a reason of any text fits into a close frame, and what fits comes through unchanged', () => {
  fc.assert(
    fc.property(text(0), (message) => {
      const reason = closeReason(new TuttiError('SUPERSEDED', message));
      expect(Buffer.byteLength(reason)).toBeLessThanOrEqual(123);
      const back = fromCloseReason(reason);
      expect(back?.code).toBe('SUPERSEDED');
      if (Buffer.byteLength(`SUPERSEDED ${message}`) <= 123) expect(back?.message).toBe(message);
    }),
  );
});

test('what does not fit is cut between two characters, as late as possible', () => {
  fc.assert(
    fc.property(text(113), (message) => {
      const { message: cut = '' } = fromCloseReason(closeReason(new TuttiError('SUPERSEDED', message))) ?? {};
      expect(cut.endsWith('…')).toBe(true);
      const kept = Array.from(cut).slice(0, -1);
      expect(Array.from(message).slice(0, kept.length)).toEqual(kept);
      const [following = ''] = Array.from(message).slice(kept.length);
      expect(Buffer.byteLength(`SUPERSEDED ${kept.join('')}${following}…`)).toBeGreaterThan(123);
    }),
  );
});

test('a reason that is no code and text is none', () => {
  for (const reason of [
    '',
    'going away',
    'WRONG_TOKEN',
    'WRONG_TOKENS are bad',
    ' WRONG_TOKEN x',
    'toString x',
  ]) {
    expect(fromCloseReason(reason)).toBeUndefined();
  }
  expect(fromCloseReason('INTERNAL ')).toMatchObject({ code: 'INTERNAL', message: '' });
});
