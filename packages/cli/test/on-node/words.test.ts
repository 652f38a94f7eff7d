import { expect, test } from 'vitest';
import { Escape } from '../../src/on-node/escape.ts';
import { exitStatusOf, worstStatus } from '../../src/on-node/exit-status.ts';
import { isFolderPath, placePath } from '../../src/on-node/place-path.ts';
import { PrefixedLines } from '../../src/on-node/prefixed.ts';
import { Tail } from '../../src/on-node/tail.ts';
import { memberPath, splitNames } from '../../src/on-node/targets.ts';

test('a path here is told from one on a machine', () => {
  expect(placePath('n1:/etc/hosts')).toEqual({ on: 'n1', path: '/etc/hosts' });
  expect(placePath('web[1-8]:conf')).toEqual({ on: 'web[1-8]', path: 'conf' });
  expect(placePath('12/failover/db.0:out/a:b')).toEqual({ on: '12/failover/db.0', path: 'out/a:b' });
  expect(placePath('n1:')).toEqual({ on: 'n1', path: '' });
  for (const here of ['app.conf', './a:b', '/tmp/a:b', '../a:b', '-', 'dir/'])
    expect(placePath(here)).toEqual({ here });
  for (const wrong of ['', ':/etc'])
    expect(() => placePath(wrong)).toThrow(/neither a path nor MACHINE:PATH/);
});

test('a path that ends with a slash means what is in it', () => {
  expect(['', '.', 'a/', 'a/.', '/'].map(isFolderPath)).toEqual([true, true, true, true, true]);
  expect(['a', '/a', '..', 'a.'].map(isFolderPath)).toEqual([false, false, false, false]);
});

test('the exit status is that of the command, as shells say it', () => {
  expect(exitStatusOf({ exit: 7 })).toBe(7);
  expect(exitStatusOf({ signal: 'SIGTERM' })).toBe(143);
  expect(exitStatusOf({})).toBe(137);
  expect(exitStatusOf({ exit: 143, stopped: 'timeout' })).toBe(124);
  expect(exitStatusOf({ signal: 'SIGTERM', stopped: 'cancelled' })).toBe(130);
  expect(exitStatusOf({ stopped: 'test-over' })).toBe(2);
  expect(exitStatusOf({ failed: true })).toBe(2);
});

test('of several: interrupted, else not reached, else timed out, else the highest', () => {
  expect(worstStatus([{ exit: 0 }, { exit: 5 }, { exit: 1 }])).toBe(5);
  expect(worstStatus([{ exit: 0 }, { stopped: 'timeout' }, { exit: 200 }])).toBe(124);
  expect(worstStatus([{ failed: true }, { stopped: 'timeout' }, { exit: 200 }])).toBe(2);
  expect(worstStatus([{ failed: true }, { stopped: 'cancelled' }])).toBe(130);
  expect(worstStatus([])).toBe(0);
});

test('only ~. at the beginning of a line leaves', () => {
  const typed = (...keys: string[]) => {
    const escape = new Escape();
    const taken = keys.map((each) => escape.take(Buffer.from(each)));
    return [taken.map(({ bytes }) => bytes.toString()).join(''), taken.some(({ leave }) => leave)];
  };
  expect(typed('~.')).toEqual(['', true]);
  expect(typed('ls\r', '~', '.')).toEqual(['ls\r', true]);
  expect(typed('ls ~.')).toEqual(['ls ~.', false]);
  expect(typed('~~.')).toEqual(['~.', false]);
  expect(typed('~/bin')).toEqual(['~/bin', false]);
  expect(typed('\r~x\n~.rest')).toEqual(['\r~x\n', true]);
});

test('lines of a machine begin with its name, wherever they were cut', () => {
  const lines = new PrefixedLines('n1 | ');
  const out = ['a', 'b\nc', '', '\n\nd'].map((part) => lines.add(Buffer.from(part)).toString());
  expect(out.join('')).toBe('n1 | ab\nn1 | c\nn1 | \n');
  expect(lines.end().toString()).toBe('n1 | d\n');
  expect(lines.end().toString()).toBe('');
});

test('a line that does not end is cut, and nothing of it is lost', () => {
  const lines = new PrefixedLines('> ');
  const whole = 'x'.repeat(200_000);
  const parts = [lines.add(Buffer.from(whole)), lines.end()].map(String).join('').trimEnd().split('\n');
  expect(parts.map((part) => part.length)).toEqual([65_538, 65_538, 65_538, 3394]);
});

test('of much output the end is kept, and how much it was', () => {
  const tail = new Tail();
  for (let at = 0; at < 100; at += 1) tail.add(Buffer.from(`${at}${'y'.repeat(9998)}`));
  expect([tail.size > 990_000, tail.text.length]).toEqual([true, 192 * 1024]);
});

test('machines are separated by commas, but not those in brackets; members have a path', () => {
  expect(splitNames('n1,web[1-3,7],db')).toEqual(['n1', 'web[1-3,7]', 'db']);
  expect(memberPath('12/failover/db.0')).toEqual({ run: '12', test: 'failover', member: 'db.0' });
  expect(memberPath('last/a/b/db')).toEqual({ run: 'last', test: 'a/b', member: 'db' });
  expect(memberPath('12/db.0')).toEqual({ run: '12', member: 'db.0' });
  expect(memberPath('n1')).toBeUndefined();
});
