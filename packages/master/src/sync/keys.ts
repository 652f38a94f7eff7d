/** Keys of a sync space: JSON values by name, and who waits for one to be set. Pure. */
import { type Json, TuttiError } from '@tutti/protocol';
import { Room, sizeOfValue } from './room.ts';

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
  readonly #room: Room;

  constructor(room: Room = new Room()) {
    this.#room = room;
  }

  /** Sets a key and returns who waited for it. Throws `VALUE_TOO_LARGE` or `SPACE_FULL`. */
  set(key: string, value: Json): KeyWaiter[] {
    const size = key.length + sizeOfValue(`the value of key "${key}"`, value);
    this.#room.take(`key "${key}"`, size, this.#values.get(key)?.size);
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
      throw new TuttiError('NOT_A_NUMBER', `key "${key}" holds ${shown(old ?? null)}, not a whole number`);
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
}

/** As JSON, so far as a sentence has room for it. */
function shown(value: Json): string {
  const MOST = 80;
  const text = JSON.stringify(value);
  return text.length <= MOST ? text : `${text.slice(0, MOST)}…`;
}
