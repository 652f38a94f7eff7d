/** Frames that no agent sends: valid ones that were damaged, by bytes or by values, and bytes that never were any. */
import { type Envelope, encode, PROTOCOL } from '@tutti/protocol';

export type Random = () => number;

const ID = '1'.repeat(32);
const below = (random: Random, n: number) => Math.floor(random() * n);
const pick = <T>(random: Random, items: readonly T[]): T => items[below(random, items.length)] as T;

export function helloOf(agent: string, name: string) {
  return {
    protocol: { ...PROTOCOL },
    software: 'fuzz',
    agent,
    process: ID,
    boot: 'boot',
    name,
    labels: {},
    facts: { addresses: [], os: 'x', kernel: 'x', arch: 'x', cpus: 1, memory: 1 },
    members: [],
    waits: [],
  };
}

const sync = (args: object) => ({ member: ID, request: 'a-request', at: 0, args });

/** What an agent may say and is answered, or what is passed over: after it the conversation goes on. */
const CALLS: readonly ((id: number) => Envelope)[] = [
  (id) => ({ kind: 'call', id, name: 'hello', params: helloOf(ID, 'n') }),
  (id) => ({
    kind: 'call',
    id,
    name: 'member.ended',
    params: {
      member: ID,
      end: { exit: { how: 'exited', code: 0 }, duration: 1, logs: [], lastLine: '', survivors: 0 },
    },
  }),
  (id) => ({
    kind: 'call',
    id,
    name: 'member.collected',
    params: { member: ID, skipped: [{ path: 'a', why: 'b' }], links: [{ path: 'a', target: 'b' }] },
  }),
  (id) => ({
    kind: 'call',
    id,
    name: 'sync.barrier',
    params: sync({ name: 'go', count: 2, data: { a: [1] } }),
  }),
  (id) => ({ kind: 'call', id, name: 'sync.set', params: sync({ key: 'k', value: { a: [1, null, 'x'] } }) }),
  (id) => ({ kind: 'call', id, name: 'sync.get', params: sync({ key: 'k', wait: true, timeout: 3 }) }),
  (id) => ({ kind: 'call', id, name: 'sync.incr', params: sync({ key: 'k', by: 3 }) }),
  (id) => ({ kind: 'call', id, name: 'sync.keys', params: sync({ prefix: 'k' }) }),
  (id) => ({ kind: 'call', id, name: 'sync.abort', params: sync({ name: 'go', reason: 'so' }) }),
  (id) => ({
    kind: 'call',
    id,
    name: 'stream.open',
    params: { stream: 1, target: { to: 'log', member: ID, source: 'stdout', incarnation: 0 } },
  }),
  (id) => ({ kind: 'call', id, name: 'stream.close', params: { stream: 1, length: 5 } }),
  (id) => ({ kind: 'call', id, name: 'no.such.call', params: {} }),
  (id) => ({ kind: 'cancel', id }),
  (id) => ({ kind: 'result', id, result: {} }),
  (id) => ({ kind: 'failure', id, failure: { code: 'INTERNAL', message: 'x' } }),
];

/** What is not answered: anything odd in it ends the conversation. */
const EVENTS: readonly (() => Envelope)[] = [
  () => ({ kind: 'event', name: 'link.ping', params: { sent: 5 } }),
  () => ({ kind: 'event', name: 'link.pong', params: { sent: 5, wall: 5 } }),
  () => ({ kind: 'event', name: 'stream.ack', params: { stream: 1, length: 5 } }),
  () => ({ kind: 'event', name: 'stream.refused', params: { stream: 1, code: 'X', message: 'x' } }),
  () => ({ kind: 'data', stream: 1, offset: 0, bytes: new Uint8Array(10) }),
];

const ODD_VALUES: readonly unknown[] = [
  null,
  true,
  -1,
  0.5,
  2 ** 53,
  -(2 ** 31),
  '',
  '\0',
  '../../etc/passwd',
  '__proto__',
  'x'.repeat(5000),
  [],
  [[[[]]]],
  {},
  { __proto__: null, constructor: 1 },
  new Uint8Array(3),
  Array.from({ length: 300 }, () => ({})),
];

/** The next frame: mostly one that can be read and asks for something wrong, or else one that cannot be read. */
export function oddFrame(random: Random, id: number): Uint8Array {
  const saying = below(random, 20) === 0 ? pick(random, EVENTS)() : pick(random, CALLS)(id);
  switch (below(random, 40)) {
    case 0:
      return randomBytes(random, below(random, 200));
    case 1:
      return encode(saying).subarray(0, below(random, 20));
    case 2:
    case 3:
    case 4:
      return damaged(random, encode(saying));
    default:
      return encode(changed(random, saying) as Envelope);
  }
}

export function randomBytes(random: Random, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => below(random, 256));
}

/** A byte flipped, put in, left out, or a part said twice. */
function damaged(random: Random, bytes: Uint8Array): Uint8Array {
  const at = below(random, bytes.byteLength);
  const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at)];
  switch (below(random, 4)) {
    case 0:
      return Buffer.concat([head, Uint8Array.of(below(random, 256)), tail.subarray(1)]);
    case 1:
      return Buffer.concat([head, randomBytes(random, 1 + below(random, 4)), tail]);
    case 2:
      return Buffer.concat([head, tail.subarray(1 + below(random, 4))]);
    default:
      return Buffer.concat([bytes, tail]);
  }
}

/** The same with one value, somewhere in what is asked, replaced, added or left out. */
function changed(random: Random, envelope: Envelope): unknown {
  const copy = structuredClone(envelope) as unknown as Record<string, unknown>;
  const what = ['params', 'result', 'failure', 'name', 'id', 'stream', 'offset'].filter((key) => key in copy);
  const key = pick(random, what);
  // Mostly deep inside; ids and names only now and then, because that ends the conversation.
  if (typeof copy[key] === 'object' && copy[key] !== null)
    changeInside(random, copy[key] as Record<string, unknown>);
  else if (below(random, 20) === 0) copy[key] = pick(random, ODD_VALUES);
  return copy;
}

function changeInside(random: Random, object: Record<string, unknown>): void {
  const keys = Object.keys(object);
  if (keys.length === 0) return;
  const key = pick(random, keys);
  const value = object[key];
  const goDeeper = typeof value === 'object' && value !== null && !(value instanceof Uint8Array);
  if (goDeeper && below(random, 3) > 0) return changeInside(random, value as Record<string, unknown>);
  if (below(random, 8) === 0) delete object[key];
  else object[key] = pick(random, ODD_VALUES);
}
