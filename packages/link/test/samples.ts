/** Values of the catalogue's shapes, for tests that do not care which. */
import type { CallParams } from '@tutti/protocol';

export const ID = '0123456789abcdef0123456789abcdef';

export function request(n: number): string {
  return `request-${n}`;
}

export function setKey(
  n: number,
  value: CallParams<'sync.set'>['args']['value'] = n,
): CallParams<'sync.set'> {
  return { member: ID, request: request(n), at: 1, args: { key: `key ${n}`, value } };
}

export const HELLO: CallParams<'hello'> = {
  protocol: { major: 1, minor: 0 },
  software: '0.1.0',
  agent: ID,
  process: ID,
  boot: 'a boot',
  name: 'n1',
  labels: {},
  facts: { addresses: [], os: 'linux', kernel: '6.1', arch: 'x64', cpus: 1, memory: 1 },
  members: [],
  waits: [],
};

export const WELCOME = { master: ID, software: '0.1.0', giveUp: [] };

/** What `barrier.data` tells. */
export const RELEASE = { attempt: ID, name: 'ready', generation: 0, json: '[]' };

/** The same, with about that many bytes. */
export const bulky = (bytes: number) => ({
  ...RELEASE,
  json: JSON.stringify([['client.0', 'x'.repeat(bytes)]]),
});
