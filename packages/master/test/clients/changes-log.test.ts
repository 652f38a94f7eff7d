import { LiveSet } from '@tutti/client/objects';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ChangesLog } from '../../src/clients/changes-log.ts';

interface Thing {
  readonly name: string;
  readonly version: number;
}

/** A master's things, and its log; a restarted one has the same things and another log. */
class World {
  readonly things = new Map<string, Thing>();
  readonly #mostGone: number;
  log: ChangesLog<string>;
  epoch = '0'.padStart(32, '0');
  #version = 0;

  constructor(mostGone: number) {
    this.#mostGone = mostGone;
    this.log = new ChangesLog(mostGone);
  }

  set(name: string): void {
    this.#version += 1;
    this.things.set(name, { name, version: this.#version });
    this.log.touch(name);
  }

  remove(name: string): void {
    if (this.things.delete(name)) this.log.drop(name);
  }

  restart(): void {
    this.epoch = String(Number(this.epoch) + 1).padStart(32, '0');
    this.log = new ChangesLog(this.#mostGone);
    for (const name of this.things.keys()) this.log.touch(name);
  }
}

class Asker {
  readonly set = new LiveSet<string, Thing>(({ name }) => name);
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  /** True where it has been told something. `heard`: whether the answer came. */
  ask(page: number, heard: boolean): boolean {
    const { log, epoch, things } = this.#world;
    const { seen } = this.set;
    const found = log.since(seen?.epoch === epoch ? seen : undefined, page);
    if (found === undefined) return false;
    if (!heard) return true;
    const { begun, revision, fresh, changed, gone, more } = found;
    this.set.apply({
      seen: { epoch, begun, revision },
      fresh,
      changed: changed.flatMap((name) => things.get(name) ?? []),
      gone,
      more,
    });
    return true;
  }
}

const NAMES = ['a', 'b', 'c', 'd', 'e'];
const name = fc.constantFrom(...NAMES);
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('set' as const), name }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('remove' as const), name }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('ask' as const),
      who: fc.integer({ min: 0, max: 2 }),
      page: fc.integer({ min: 1, max: 3 }),
      heard: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
);

test('whoever asks on, across whatever was lost, ends with what the master has', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 0, max: 3 }), (steps, mostGone) => {
      const world = new World(mostGone);
      const askers = [0, 1, 2].map(() => new Asker(world));
      for (const each of steps) {
        if (each.do === 'set') world.set(each.name);
        if (each.do === 'remove') world.remove(each.name);
        if (each.do === 'restart') world.restart();
        if (each.do === 'ask') askers[each.who]?.ask(each.page, each.heard);
      }
      for (const asker of askers) {
        let asked = 0;
        while (asker.ask(2, true)) {
          asked += 1;
          // Each thing is told once, however it has changed meanwhile.
          expect(asked).toBeLessThan(2 * NAMES.length + 4);
        }
        expect(Object.fromEntries(asker.set.items)).toEqual(Object.fromEntries(world.things));
      }
    }),
    { numRuns: 500 },
  );
});

test('of a thing that changes again and again only the last change is kept', () => {
  const log = new ChangesLog<string>(10);
  for (let i = 0; i < 1000; i += 1) log.touch('a');
  const all = { begun: 1000, revision: 1000, fresh: true, changed: ['a'], gone: [], more: false };
  expect(log.since(undefined, 10)).toEqual(all);
  expect(log.since({ begun: 5, revision: 999 }, 10)).toMatchObject({ changed: ['a'], fresh: false });
  expect(log.since({ begun: 5, revision: 1000 }, 10)).toBeUndefined();
});

test('a page ends where it is full, and the next goes on there', () => {
  const log = new ChangesLog<string>(10);
  for (const each of NAMES) log.touch(each);
  const first = log.since(undefined, 2);
  expect(first).toEqual({ begun: 5, revision: 2, fresh: true, changed: ['a', 'b'], gone: [], more: true });
  log.touch('a');
  expect(log.since(first, 9)).toMatchObject({
    ...{ begun: 5, revision: 6, fresh: false, changed: ['c', 'd', 'e', 'a'], more: false },
  });
});

test('who was away while more has gone than is remembered begins anew; who has seen it does not', () => {
  const log = new ChangesLog<string>(2);
  for (const each of NAMES) log.touch(each);
  const before = log.revision;
  for (const each of ['a', 'b', 'c']) log.drop(each);
  expect(log.since({ begun: before, revision: before }, 9)).toEqual({
    ...{ begun: 8, revision: 8, fresh: true, changed: ['d', 'e'], gone: [], more: false },
  });
  const seen = { begun: before, revision: before + 1 };
  expect(log.since(seen, 9)).toMatchObject({ fresh: false, changed: [], gone: ['b', 'c'] });
});

test('who begins after things have gone, and are forgotten, gets through its pages', () => {
  const log = new ChangesLog<string>(0);
  for (const each of NAMES) log.touch(each);
  log.drop('e');
  const first = log.since(undefined, 2);
  expect(log.since(first, 2)).toMatchObject({ fresh: false, changed: ['c', 'd'], more: false });
});

test('a revision that never was begins anew', () => {
  const log = new ChangesLog<string>(2);
  expect(log.since({ begun: 7, revision: 7 }, 9)).toMatchObject({ revision: 0, fresh: true });
});
