/** The bytes that keys and topics of one space share. Pure. */
import { type Json, jsonSize, LIMITS, TuttiError } from '@tutti/protocol';

export class Room {
  readonly #words: string;
  #used = 0;

  /** `words`: whose it is, `the test`. */
  constructor(words = 'the test') {
    this.#words = words;
  }

  /** Takes `size` bytes where `instead` were before. `what` is what they are for: `key "k"`. Throws `SPACE_FULL`. */
  take(what: string, size: number, instead = 0): void {
    const used = this.#used - instead + size;
    if (used > LIMITS.spaceBytes.value)
      throw new TuttiError(
        'SPACE_FULL',
        `with ${what} ${this.#words}'s keys and topics exceed ${LIMITS.spaceBytes.value} bytes`,
      );
    this.#used = used;
  }
}

/** The bytes of one value. `what` says whose: `the value of key "k"`. Throws `VALUE_TOO_LARGE`. */
export function sizeOfValue(what: string, value: Json): number {
  const size = jsonSize(value);
  if (size <= LIMITS.keyValue.value) return size;
  throw new TuttiError(
    'VALUE_TOO_LARGE',
    `${what} has ${size} bytes, where ${LIMITS.keyValue.value} are allowed`,
  );
}
