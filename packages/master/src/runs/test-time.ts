/** The time of one attempt at a test: how much it has, what it was given besides, and when it is over. It stands still in a pause. */
import type { Clock } from '@tutti/link';
import type { TestSpec } from '@tutti/protocol';
import { MAX_TIMEOUT_SECONDS } from './longest.ts';
import type { AttemptRun, MemberRun } from './model.ts';
import { isPaused, stoodStill } from './pause.ts';

export class TestTime {
  readonly #spec: TestSpec;
  readonly #model: AttemptRun;
  readonly #clock: Clock;
  readonly #onOver: () => void;
  #cancel: (() => void) | undefined;

  constructor(spec: TestSpec, model: AttemptRun, clock: Clock, onOver: () => void) {
    this.#spec = spec;
    this.#model = model;
    this.#clock = clock;
    this.#onOver = onOver;
  }

  /** Seconds from its start. */
  get limit(): number {
    return Object.values(this.#model.extensions).reduce((sum, more) => sum + more, this.#spec.timeout);
  }

  /** Seconds until it is over; undefined before its members are told to start. */
  get left(): number | undefined {
    const { opened } = this.#model;
    return opened === undefined ? undefined : this.limit - this.#usedSince(opened);
  }

  /** The same for one of its members, which may have less time than its test, unless the test was given more. */
  leftFor({ role, started }: MemberRun): number {
    const ofTest = Math.max(0, this.left ?? 0);
    const own = this.#spec.roles.find(({ name }) => name === role)?.timeout;
    if (own === undefined || started === undefined || this.isExtended) return ofTest;
    return Math.min(ofTest, Math.max(0, own - this.#usedSince(started)));
  }

  get isExtended(): boolean {
    return Object.keys(this.#model.extensions).length > 0;
  }

  /** Counts from now on, unless it stands still. */
  arm(): void {
    this.#cancel?.();
    if (isPaused(this.#model.pause)) return;
    this.#cancel = this.#clock.after((this.left ?? 0) * 1000, this.#onOver);
  }

  stop(): void {
    this.#cancel?.();
  }

  /** So many seconds more, as far as there may be any, once for each request; what was granted just now. */
  extend(request: string, more: number): number | undefined {
    const { extensions } = this.#model;
    if (extensions[request] !== undefined) return undefined;
    const room = (this.#spec.maxTimeout ?? MAX_TIMEOUT_SECONDS) - this.limit;
    const granted = Math.max(0, Math.min(more, room));
    extensions[request] = granted;
    this.arm();
    return granted;
  }

  /** Seconds. */
  #usedSince(begin: number): number {
    const now = this.#clock.wallMs();
    return (now - begin - stoodStill(this.#model.pause, begin, now)) / 1000;
  }
}
