import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import {
  calls,
  DIRECTIONS,
  events,
  findCall,
  findEvent,
  LIMITS,
  localVerbs,
  PROTOCOL,
  SUBPROTOCOL,
  syncCalls,
  syncVerbs,
  type TuttiError,
  validate,
} from '../src/index.ts';

const messages = [...Object.entries(calls), ...Object.entries(events)];

test('no name is both a call and an event', () => {
  expect(Object.keys(calls).filter((name) => name in events)).toEqual([]);
});

test('the subprotocol is named for the major version', () => {
  expect(SUBPROTOCOL).toBe(`tutti.${PROTOCOL.major}`);
});

describe.each(messages)('%s', (name, entry) => {
  test('goes between known sides, one way at a time', () => {
    expect(entry.directions.length).toBeGreaterThan(0);
    expect(new Set(entry.directions).size).toBe(entry.directions.length);
    for (const direction of entry.directions) expect(DIRECTIONS).toContain(direction);
  });

  test('is found in its directions and in no other', () => {
    const find = entry.kind === 'call' ? findCall : findEvent;
    const other = entry.kind === 'call' ? findEvent : findCall;
    for (const direction of DIRECTIONS) {
      const goes = (entry.directions as readonly string[]).includes(direction);
      expect(find(name, direction)).toBe(goes ? entry : undefined);
      expect(other(name, direction)).toBeUndefined();
    }
  });

  test('is documented in whole sentences', () => {
    expect(entry.doc).toMatch(/^[A-Z].*\.$/);
  });

  test('ignores fields it does not know, at every depth', () => {
    const schemas = entry.kind === 'call' ? [entry.params, entry.result] : [entry.params];
    for (const schema of schemas) {
      const shape = JSON.stringify(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }));
      expect(shape).not.toContain('"additionalProperties":false');
    }
  });
});

test.each(['toString', 'constructor', '__proto__', 'hasOwnProperty', '', 'hello '])(
  'there is no message %j',
  (name) => {
    for (const direction of DIRECTIONS) {
      expect(findCall(name, direction)).toBeUndefined();
      expect(findEvent(name, direction)).toBeUndefined();
    }
  },
);

test('every sync verb is a call, takes the same arguments, and is a verb of the local socket', () => {
  expect(Object.keys(syncCalls)).toEqual(Object.keys(syncVerbs).map((verb) => `sync.${verb}`));
  for (const verb of Object.keys(syncVerbs)) expect(localVerbs).toHaveProperty(verb);
});

const ID = '0'.repeat(32);
const hello = {
  protocol: { major: 1, minor: 0 },
  software: '0.1.0',
  agent: ID,
  process: ID,
  boot: 'b',
  name: 'n1',
  labels: {},
  facts: { addresses: [], os: 'Debian 12', kernel: '6.1.0', arch: 'x64', cpus: 2, memory: 1 },
  members: [],
  waits: [],
};

test('a newer side may send fields that an older one drops', () => {
  const newer = { ...hello, mood: 'good', facts: { ...hello.facts, gpu: [1] } };
  expect(calls.hello.params.parse(newer)).toEqual(hello);
});

test.each([
  ['facts.cpus', { facts: { ...hello.facts, cpus: 'two' } }],
  ['facts.memory', { facts: { ...hello.facts, memory: 0 } }],
  ['protocol.major', { protocol: { minor: 0 } }],
  ['name', { name: '../n1' }],
  ['name', { name: 'x'.repeat(LIMITS.name.value + 1) }],
  ['agent', { agent: 7 }],
  ['members.0.state', { members: [{ member: ID, master: ID, state: 'asleep' }] }],
  ['waits.0', { waits: ['short'] }],
])('a hello with a bad field is told %s', (path, change) => {
  expect(() => validate(calls.hello.params, { ...hello, ...change }, 'BAD_PARAMS', 'hello')).toThrow(
    expect.objectContaining<Partial<TuttiError>>({ code: 'BAD_PARAMS', details: { path } }),
  );
});

test('a set whose value is no JSON is told so', () => {
  const set = { member: ID, request: '12345678', at: 0, args: { key: 'a', value: new Uint8Array(1) } };
  expect(() => validate(calls['sync.set'].params, set, 'BAD_PARAMS', 'sync.set')).toThrow(
    'sync.set: args.value: not a JSON value',
  );
});

test('a key without control characters is accepted and one with them is not', () => {
  const set = (key: string) => ({ member: ID, request: '12345678', at: 0, args: { key, value: 1 } });
  expect(calls['sync.set'].params.safeParse(set('any key, even ü')).success).toBe(true);
  expect(calls['sync.set'].params.safeParse(set('line\nend')).success).toBe(false);
});
