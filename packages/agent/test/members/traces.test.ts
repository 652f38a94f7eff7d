import { expect, test } from 'vitest';
import { lastLineOf } from '../../src/members/last-line.ts';
import { exitOf, parseStatus, parseTrace } from '../../src/members/traces.ts';

const boot = '306282fd-9f22-4b36-b42b-2d5d67e0b876';

test('a whole status is read, a torn or foreign one is none', () => {
  expect(parseStatus('77 1832.13\n')).toEqual({ code: 77, uptime: 1832.13 });
  for (const text of [
    '',
    '77',
    '77 1832.13',
    '77 1832.\n',
    '256 1.0\n',
    '-1 1.0\n',
    'x 1.0\n',
    '7\0 1.0\n',
    '77 1.0\n\n',
  ]) {
    expect(parseStatus(text)).toBeUndefined();
  }
});

test('a whole trace is read, a torn one is none', () => {
  const text = `12679 183212 ${boot} 1832.12 in\n`;
  expect(parseTrace(text)).toEqual({ pid: 12679, start: 183212, boot, uptime: 1832.12, joined: true });
  expect(parseTrace(text.replace(' in', ''))).toMatchObject({ joined: false });
  for (let cut = 0; cut < text.length; cut += 1) expect(parseTrace(text.slice(0, cut))).toBeUndefined();
});

test('128 + n is signal n where there is such a signal', () => {
  const of = (code: number) => exitOf({ code, uptime: 1 });
  expect(of(143)).toEqual({ how: 'signalled', signal: 'SIGTERM' });
  expect(of(134)).toEqual({ how: 'signalled', signal: 'SIGABRT' });
  expect(of(128)).toEqual({ how: 'exited', code: 128 });
  expect(of(255)).toEqual({ how: 'exited', code: 255 });
  expect(exitOf(undefined)).toEqual({ how: 'killed' });
});

test.each([
  ['the last of several', 'one\ntwo\n', 'two'],
  ['without a newline at the end', 'one\ntwo', 'two'],
  ['not an empty one', 'one\n\n  \t\r\n', 'one'],
  ['the last state of a progress line', 'a\n10 %\r20 %\r', '20 %'],
  ['without terminal colours', '\u001b[1;31mfailed\u001b[0m\u001b]0;title\u0007\n\u001b[0m\n', 'failed'],
  ['without control characters', 'a\0b\u0007c\u009b\n', 'a b c'],
  ['none', '', ''],
])('the last line: %s', (_what, text, line) => {
  expect(lastLineOf(Buffer.from(text))).toBe(line);
});

test('the last line has at most 200 characters, whatever bytes it is cut from', () => {
  expect(lastLineOf(Buffer.from('x'.repeat(1000)))).toHaveLength(200);
  const pairs = lastLineOf(Buffer.from(`x${'😀'.repeat(300)}`));
  expect(pairs.length).toBeLessThanOrEqual(200);
  expect(pairs.isWellFormed()).toBe(true);
  expect(lastLineOf(Buffer.from([0xff, 0xfe, 0x41, 0x0a]))).toBe('��A');
});
