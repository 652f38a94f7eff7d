import { describe, expect, test } from 'vitest';
import { inTurn, queueUp } from '../../src/sync/in-turn.ts';
import { SyncSpace } from '../../src/sync/space.ts';
import { players } from './players.ts';

describe('who asked first is first', () => {
  test('also who comes again behind others that asked later', () => {
    const queue = [{ at: 2 }, { at: 5 }];
    for (const at of [7, 1, 5, 3]) queueUp(queue, { at });
    expect(queue.map(({ at }) => at)).toEqual([1, 2, 3, 5, 5, 7]);
  });

  test('of one instant, who came first', () => {
    const queue = [{ at: 1, name: 'a' }];
    queueUp(queue, { at: 1, name: 'b' });
    expect(queue.map(({ name }) => name)).toEqual(['a', 'b']);
  });

  test('all at once, and what is in turn is not copied', () => {
    const all = [{ at: 1 }, { at: 1 }, { at: 2 }];
    expect(inTurn(all)).toBe(all);
    expect(inTurn([{ at: 3 }, { at: 1 }])).toEqual([{ at: 1 }, { at: 3 }]);
    expect(inTurn([])).toEqual([]);
  });
});

test('a caller that comes again after a restart has the rank of its arrival', () => {
  const space = new SyncSpace(players({ a: 1, b: 1 }));
  // The restarted master hears of b first, though a was first.
  space.ask('barrier', { name: 'go' }, { member: 'b.0', request: 'of-b', at: 20 });
  const settled = space.ask('barrier', { name: 'go' }, { member: 'a.0', request: 'of-a', at: 10 });
  expect(settled.map(({ request, answer }) => [request, answer])).toMatchObject([
    ['of-a', { result: { rank: 0 } }],
    ['of-b', { result: { rank: 1 } }],
  ]);
});
