/** What people are told of a request that waits for a key, a message or a lock. Pure. */
import { seconds } from './barrier.ts';
import type { Cast } from './cast.ts';
import type { Locks } from './locks.ts';
import type { Wait } from './wait-graph.ts';
import type { Waiting } from './waiting.ts';

type Of<K extends Waiting['kind']> = Extract<Waiting, { kind: K }>;

/** `at`: the master's time at which it was over. */
export function timeoutInWords(
  waiting: Of<'key' | 'message' | 'turn' | 'lock'>,
  at: number,
  locks: Locks,
): string {
  switch (waiting.kind) {
    case 'key': {
      const { key, at: since } = waiting.waiter;
      return `key "${key}" was not set within ${seconds(at - since)}`;
    }
    case 'message':
    case 'turn': {
      const { topic, at: since } = waiting.reader;
      return `topic "${topic}" had no message within ${seconds(at - since)}`;
    }
    case 'lock': {
      const { name, at: since } = waiting.waiter;
      return `lock "${name}" was not free within ${seconds(at - since)}; ${locks.heldBy(name)}`;
    }
  }
}

/** Nobody is left who could end the wait; `others` are the members that could have. */
export function aloneInWords(waiting: Of<'key' | 'message'>, others: readonly string[], cast: Cast): string {
  const isKey = waiting.kind === 'key';
  const what = isKey ? `key "${waiting.waiter.key}"` : `topic "${waiting.reader.topic}"`;
  if (others.length === 0)
    return `${what} ${isKey ? 'is not set' : 'has no message'}, and ${waiting.member} is the only member of ${cast.words}`;
  const why = isKey ? 'can no longer be set' : 'can get no message any more';
  return `${what} ${why}: ${cast.describeMissing(others)}`;
}

/** Undefined for what only stands for something else. */
export function waitOf(waiting: Waiting, locks: Locks): Wait | undefined {
  const { member } = waiting;
  switch (waiting.kind) {
    case 'key': {
      const { key, at } = waiting.waiter;
      return { member, on: `key "${key}"`, since: at, missing: [], needs: 0 };
    }
    case 'message':
    case 'turn': {
      const { topic, at } = waiting.reader;
      return { member, on: `topic "${topic}"`, since: at, missing: [], needs: 0 };
    }
    case 'lock': {
      const { name, at } = waiting.waiter;
      return { member, on: `lock "${name}"`, since: at, missing: locks.holders(name), needs: 1 };
    }
    case 'barrier':
    case 'hold':
      return undefined;
  }
}
