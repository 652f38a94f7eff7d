import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { aboutOf, liveObject } from '../../src/repl/live-object.ts';

const thing = liveObject({
  path: 'nodes.n1',
  members: { run: () => 'ran', state: 'idle' },
  show: () => 'n1 idle\n',
});

test('it is what it has and shows', async () => {
  const known = thing as { run(): string; state: string };
  expect([known.run(), known.state]).toEqual(['ran', 'idle']);
  expect(inspect(thing)).toBe('n1 idle');
  expect(inspect([thing])).toBe('[ n1 idle ]');
  expect(aboutOf(thing)?.path).toBe('nodes.n1');
  expect(aboutOf({})).toBeUndefined();
  expect(aboutOf('x')).toBeUndefined();
});

test('a name that it does not have is refused, with the nearest', () => {
  const read = (name: string) => (thing as Record<string, unknown>)[name];
  expect(() => read('rum')).toThrow('nodes.n1 has no rum; did you mean run?');
  expect(() => read('fly')).toThrow('nodes.n1 has no fly; it has run, state');
  expect(() => Object.assign(thing, { state: 'busy' })).toThrow('nodes.n1.state cannot be set');
});

test('what the language asks of any value is not taken for a name: it can be awaited', async () => {
  expect(await Promise.resolve(thing)).toBe(thing);
  expect(Object.prototype.toString.call(thing)).toBe('[object Object]');
});

test('things by name are asked of it; they can be gone through', () => {
  const group = liveObject({
    path: 'nodes',
    members: {},
    child: (name) => `machine ${name}`,
    iterate: () => ['a', 'b'][Symbol.iterator](),
    show: () => '',
  }) as Record<string, unknown> & Iterable<string>;
  expect(group['web-1']).toBe('machine web-1');
  expect([...group]).toEqual(['a', 'b']);
});
