/** Keys of a sync space: JSON values by name, and who waits for one to be set. Pure. */
import { type Json, jsonSize, LIMITS, TuttiError } from '@tutti/protocol';

export interface KeyWaiter {
  readonly member: string;
  readonly request: string;
  readonly key: string;
  /** Master time in seconds. */
  readonly at: number;
}

export class Keys {
  readonly #values = new Map<string, { value: Json; size: number }>();
  readonly #waiters = new Map<string, KeyWaiter[]>();
  #size = 0;

  /** Sets a key and returns who waited for it. Throws `VALUE_TOO_LARGE` or `SPACE_FULL`. */
  set(key: string, value: Json): KeyWaiter[] {
    const size = key.length + jsonSize(value);
    if (size - key.length > LIMITS.keyValue.value) {
      throw new TuttiError(
        'VALUE_TOO_LARGE',
        `the value of key "${key}" has ${size - key.length} bytes, where ${LIMITS.keyValue.value} are allowed`,
      );
    }
    const total = this.#size - (this.#values.get(key)?.size ?? 0) + size;
    if (total > LIMITS.spaceBytes.value) {
      throw new TuttiError(
        'SPACE_FULL',
        `with key "${key}" the test's keys exceed ${LIMITS.spaceBytes.value} bytes`,
      );
    }
    this.#size = total;
    this.#values.set(key, { value, size });
    const woken = this.#waiters.get(key) ?? [];
    this.#waiters.delete(key);
    return woken;
  }

  get(key: string): Json | undefined {
    return this.#values.get(key)?.value;
  }

  has(key: string): boolean {
    return this.#values.has(key);
  }

  /** The new value, and who waited for the key. Throws `NOT_A_NUMBER`. */
  incr(key: string, by: number): { value: number; woken: KeyWaiter[] } {
    // Not `??`: a key that holds null holds no number.
    const old = this.has(key) ? this.get(key) : 0;
    if (typeof old !== 'number' || !Number.isSafeInteger(old)) {
      throw new TuttiError(
        'NOT_A_NUMBER',
        `key "${key}" holds ${JSON.stringify(old).slice(0, 80)}, not a whole number`,
      );
    }
    const value = old + by;
    if (!Number.isSafeInteger(value))
      throw new TuttiError('NOT_A_NUMBER', `key "${key}" would exceed ${Number.MAX_SAFE_INTEGER}`);
    return { value, woken: this.set(key, value) };
  }

  list(prefix: string): string[] {
    return [...this.#values.keys()].filter((key) => key.startsWith(prefix)).toSorted();
  }

  wait(waiter: KeyWaiter): void {
    const waiters = this.#waiters.get(waiter.key);
    if (waiters) waiters.push(waiter);
    else this.#waiters.set(waiter.key, [waiter]);
  }

  withdraw({ key, request }: KeyWaiter): void {
    const left = this.#waiters.get(key)?.filter((waiter) => waiter.request !== request) ?? [];
    if (left.length > 0) this.#waiters.set(key, left);
    else this.#waiters.delete(key);
  }

  waiting(): KeyWaiter[] {
    return [...this.#waiters.values()].flat();
  }

  /** The member's requests that wait. */
  waitingOf(member: string): string[] {
    const requests: string[] = [];
    for (const waiters of this.#waiters.values()) {
      for (const waiter of waiters) if (waiter.member === member) requests.push(waiter.request);
    }
    return requests;
  }
}
