/**
 * Tells webhooks of runs: that one has started, that its first test failed, that it has finished.
 *
 * Guarantees: what happened and that it is to be told are one transaction, so that a killed master tells what it owed; a
 * receiver hears of one run in order, each at least once, again under the same delivery id; no run ever waits for a receiver; what
 * cannot be delivered for an hour is given up, and the log says so.
 */
import { randomBytes } from 'node:crypto';
import type { Clock, Logger } from '@tutti/link';
import type { NotificationEvent } from '@tutti/protocol';
import type { Run } from '../runs/model.ts';
import type { NotificationRow, NotificationRows } from '../store/notification-rows.ts';
import { eventsOf, notificationOf } from './notification.ts';
import { hostOf, type Outcome, type Post } from './post.ts';
import { nextTry } from './retry.ts';

/** Requests at the same time. */
const AT_ONCE = 8;
/** Notifications that are owed; more than that are not even noted. */
const OWED = 10_000;

export interface NotifierOptions {
  readonly rows: NotificationRows;
  readonly post: Post;
  /** Told of every run; each run may name others. */
  readonly urls: readonly string[];
  /** The id of this master. */
  readonly master: string;
  readonly clock: Clock;
  readonly random?: () => number;
  readonly log: Logger;
}

/** Of one run and one receiver, in order: the next one waits for the first. */
interface Queue {
  readonly owed: NotificationRow[];
  sending: boolean;
}

export class Notifier {
  readonly #options: NotifierOptions;
  readonly #queues = new Map<string, Queue>();
  /** What was noted for runs that go on, so that each change of a run does not ask the database. */
  readonly #noted = new Map<number, Set<NotificationEvent>>();
  readonly #over = new AbortController();
  #seen = 0;
  #owed = 0;
  #sending = 0;
  #cancelTimer: (() => void) | undefined;
  #onIdle: (() => void) | undefined;

  /** Goes on with what an earlier master owed. */
  constructor(options: NotifierOptions) {
    this.#options = options;
    this.#takeNew();
    this.#pump();
  }

  /** To be called within the transaction that makes the run so; never throws. */
  note(run: Run): void {
    const { rows, urls, log } = this.#options;
    const receivers = new Set([...urls, ...(run.spec.notify ?? [])]);
    if (receivers.size === 0) return;
    const noted = this.#noted.get(run.number);
    const fresh = eventsOf(run).filter((event) => noted?.has(event) !== true);
    if (fresh.length === 0) return;
    try {
      for (const event of fresh) for (const url of receivers) this.#insert(run, event, url);
      // The transaction may have to be made again: until it is committed nothing is noted.
      void rows.committed().then(() => this.#committed(run, fresh));
    } catch (error) {
      log.error({ run: run.number, err: error }, `notifications of run ${run.number} could not be noted`);
    }
  }

  /** Resolves when nothing is left that can be sent at once, or after so many ms. */
  async drain(ms: number): Promise<void> {
    await this.#options.rows.committed();
    this.#takeNew();
    this.#pump();
    if (this.#sending === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onIdle = resolve;
    const cancel = this.#options.clock.after(ms, resolve);
    await promise;
    cancel();
  }

  /** What is still owed is the next master's. */
  close(): void {
    this.#over.abort();
    this.#cancelTimer?.();
  }

  debugState(): { notificationsOwed: number } {
    return { notificationsOwed: this.#owed };
  }

  #insert(run: Run, event: NotificationEvent, url: string): void {
    const { rows, master, clock, log } = this.#options;
    if (this.#owed >= OWED) {
      log.warn(
        { run: run.number },
        `${hostOf(url)} is not told of run ${run.number}: ${OWED} notifications are owed already`,
      );
      return;
    }
    const now = clock.wallMs();
    const delivery = randomBytes(16).toString('hex');
    const body = JSON.stringify(notificationOf(event, run, { delivery, master, now }));
    rows.insert({ id: delivery, run: run.number, event, url, body, created: now });
  }

  #committed(run: Run, events: readonly NotificationEvent[]): void {
    if (this.#over.signal.aborted) return;
    if (run.phase === 'finished') this.#noted.delete(run.number);
    else this.#noted.set(run.number, new Set([...(this.#noted.get(run.number) ?? []), ...events]));
    this.#takeNew();
    this.#pump();
  }

  #takeNew(): void {
    for (const row of this.#options.rows.owedBeyond(this.#seen)) {
      this.#seen = row.seq;
      this.#owed += 1;
      const key = `${row.run} ${row.url}`;
      const queue = this.#queues.get(key);
      if (queue) queue.owed.push(row);
      else this.#queues.set(key, { owed: [row], sending: false });
    }
  }

  /** Sends what is due, and wakes up when the next one is. */
  #pump(): void {
    const { clock } = this.#options;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    if (this.#over.signal.aborted) return;
    let earliest = Number.POSITIVE_INFINITY;
    for (const [key, queue] of this.#queues) {
      const [first] = queue.owed;
      if (first === undefined || queue.sending) continue;
      if (first.next > clock.wallMs()) earliest = Math.min(earliest, first.next);
      else if (this.#sending < AT_ONCE) void this.#send(key, queue, first);
    }
    if (earliest < Number.POSITIVE_INFINITY)
      this.#cancelTimer = clock.after(Math.max(0, earliest - clock.wallMs()), () => this.#pump());
  }

  /** Never rejects. */
  async #send(key: string, queue: Queue, row: NotificationRow): Promise<void> {
    const { rows, post } = this.#options;
    queue.sending = true;
    this.#sending += 1;
    const body = rows.bodyOf(row.seq);
    const outcome: Outcome =
      body === undefined ? { is: 'delivered' } : await post({ ...row, body }, this.#over.signal);
    queue.sending = false;
    this.#sending -= 1;
    // Whether it was received is not known: the next master sends it again, under the same id.
    if (this.#over.signal.aborted) return;
    if (outcome.is === 'delivered') this.#settle(key, queue, row);
    else this.#failed(key, queue, row, outcome);
    this.#pump();
    if (this.#sending === 0) this.#onIdle?.();
  }

  #failed(
    key: string,
    queue: Queue,
    row: NotificationRow,
    { is, why }: Exclude<Outcome, { is: 'delivered' }>,
  ): void {
    const { clock, random = Math.random, rows, log } = this.#options;
    const now = clock.wallMs();
    row.tries += 1;
    const wait = is === 'gone' ? undefined : nextTry(row.tries, now - row.created, random);
    const about = { run: row.run, delivery: row.id, tries: row.tries };
    const what = `"${row.event}" of run ${row.run} could not be delivered: ${why}`;
    if (wait === undefined) {
      log.warn(about, `${what}; it is given up`);
      this.#settle(key, queue, row);
      return;
    }
    log.info(about, `${what}; tried again in ${Math.round(wait / 1000)} s`);
    row.next = now + wait;
    void rows.postpone(row);
  }

  #settle(key: string, queue: Queue, row: NotificationRow): void {
    queue.owed.shift();
    this.#owed -= 1;
    if (queue.owed.length === 0) this.#queues.delete(key);
    void this.#options.rows.settle(row.seq);
  }
}
