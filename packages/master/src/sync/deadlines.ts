/**
 * Deadlines of any number of requests with one timer for all of them: most are taken back long before they pass.
 *
 * A deadline that has passed is told once, and earlier ones first; one that is taken back, also by what an earlier one
 * causes, is not told.
 */
import { type Clock, FleetingMap } from '@tutti/link';

export class Deadlines {
  readonly #clock: Clock;
  readonly #passed: (request: string) => void;
  /** Master monotonic ms by request. */
  readonly #due = new FleetingMap<string, number>();
  #timer: { at: number; cancel: () => void } | undefined;

  constructor(clock: Clock, passed: (request: string) => void) {
    this.#clock = clock;
    this.#passed = passed;
  }

  get size(): number {
    return this.#due.size;
  }

  has(request: string): boolean {
    return this.#due.has(request);
  }

  /** `at`: master monotonic ms. */
  set(request: string, at: number): void {
    this.#due.set(request, at);
    this.#arm(at);
  }

  delete(request: string): void {
    if (this.#due.delete(request) && this.#due.size === 0) this.#disarm();
  }

  clear(): void {
    this.#due.clear();
    this.#disarm();
  }

  /** A timer that is too early costs one look; so it stays when the request it was for is taken back. */
  #arm(at: number): void {
    if (this.#timer !== undefined && this.#timer.at <= at) return;
    this.#disarm();
    const cancel = this.#clock.after(at - this.#clock.monotonicMs(), () => this.#look());
    this.#timer = { at, cancel };
  }

  #disarm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #look(): void {
    this.#timer = undefined;
    const now = this.#clock.monotonicMs();
    const passed = [...this.#due.entries()].filter(([, at]) => at <= now).toSorted(([, a], [, b]) => a - b);
    for (const [request] of passed) if (this.#due.delete(request)) this.#passed(request);
    let next = Number.POSITIVE_INFINITY;
    for (const at of this.#due.values()) next = Math.min(next, at);
    if (this.#due.size > 0) this.#arm(next);
  }
}
