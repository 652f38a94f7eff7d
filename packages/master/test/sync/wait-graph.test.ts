import { expect, test } from 'vitest';
import { circles, describeCircle, type Wait } from '../../src/sync/wait-graph.ts';
import { Stage } from './players.ts';

function wait(member: string, missing: string[], needs = missing.length): Wait {
  return { member, on: 'lock "x"', since: 0, missing, needs };
}

test.for<[string, Wait[], string[][]]>([
  ['nobody waits', [], []],
  ['who waits for somebody at work waits in no circle', [wait('a', ['b']), wait('b', ['c'])], []],
  ['two wait for each other', [wait('a', ['b']), wait('b', ['a'])], [['a', 'b']]],
  ['three in a row', [wait('a', ['b']), wait('b', ['c']), wait('c', ['a'])], [['a', 'b', 'c']]],
  [
    'who waits for a circle is not in it',
    [wait('x', ['a']), wait('a', ['b']), wait('b', ['a'])],
    [['a', 'b']],
  ],
  [
    'two circles',
    [wait('a', ['b']), wait('b', ['a']), wait('c', ['d']), wait('d', ['c'])],
    [
      ['a', 'b'],
      ['c', 'd'],
    ],
  ],
  ['one of two is enough, and one is at work', [wait('a', ['b', 'c'], 1), wait('b', ['a'])], []],
  ['all of two are needed, and one is at work', [wait('a', ['c', 'b']), wait('b', ['a'])], [['a', 'b']]],
  ['anybody could set the key', [wait('a', [], 0), wait('b', ['a'])], []],
])('%s', ([, waits, expected]) => {
  expect(circles(waits)).toEqual(expected);
});

test('a circle is described with its beginning at both ends', () => {
  expect(describeCircle(['client.0', 'client.1'])).toBe(
    'waiting in a circle: client.0 → client.1 → client.0',
  );
});

test('a circle of locks and barriers is found in the waits of a space', () => {
  const stage = new Stage({ client: 3 });
  stage.ask('client.0', 'lock', { name: 'x' });
  stage.ask('client.1', 'lock', { name: 'y' });
  stage.ask('client.0', 'lock', { name: 'y' });
  expect(circles(stage.space.waits())).toEqual([]);
  stage.arrive('client.1', { members: ['client.0', 'client.1'] });
  expect(circles(stage.space.waits())).toEqual([['client.1', 'client.0']]);
});

test('ten thousand who wait at one barrier for one who waits for them are looked through quickly', () => {
  const names = Array.from({ length: 10_000 }, (_, n) => `client.${n}`);
  const missing = ['server.0'];
  const waits = [...names.map((name) => wait(name, missing)), wait('server.0', names, names.length)];
  expect(circles(waits)).toEqual([['client.0', 'server.0']]);
});
