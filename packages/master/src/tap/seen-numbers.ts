/**
 * Which numbers of a plan have come, in little memory whatever comes: those without a gap as one number, the others one by one
 * until there are too many of them.
 */

const OUT_OF_ORDER = 10_000;
const NAMED = 5;

export class SeenNumbers {
  /** How many have come. */
  count = 0;
  /** The first that came twice. */
  repeated: number | undefined;
  #highest = 0;
  /** All from 1 to this one have come. */
  #upTo = 0;
  readonly #beyond = new Set<number>();
  #exact = true;

  /** The number of a test point that says none. */
  get next(): number {
    return this.count + 1;
  }

  get highest(): number {
    return this.#highest;
  }

  add(number: number): void {
    this.count += 1;
    this.#highest = Math.max(this.#highest, number);
    if (!this.#exact) return;
    if (number <= this.#upTo || this.#beyond.has(number)) this.repeated ??= number;
    else this.#beyond.add(number);
    while (this.#beyond.delete(this.#upTo + 1)) this.#upTo += 1;
    if (this.#beyond.size > OUT_OF_ORDER) {
      this.#exact = false;
      this.#beyond.clear();
    }
  }

  /** How many of 1 … `planned` have not come, and the first of them. */
  missing(planned: number): { count: number; first: number[] } {
    if (!this.#exact) return { count: Math.max(0, planned - this.count), first: [] };
    const within = [...this.#beyond].filter((number) => number <= planned).length;
    const count = Math.max(0, planned - Math.min(planned, this.#upTo) - within);
    const first: number[] = [];
    for (let number = this.#upTo + 1; number <= planned && first.length < Math.min(count, NAMED); number += 1)
      if (!this.#beyond.has(number)) first.push(number);
    return { count, first };
  }
}
