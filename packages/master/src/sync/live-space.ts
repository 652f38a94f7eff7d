/**
 * The shell around one sync space: sessions, promises and timers.
 *
 * A wait belongs to its request, not to the connection it came by: a lost connection leaves it where it is,
 * and the repetition on the next connection is answered. It ends when it is decided, when its caller
 * withdraws it, when its agent comes back without it, or with its space.
 *
 * With a log, what was decided is told when the log has kept it, and everything in the order in which it was decided: also
 * an answer that decides nothing waits for what it may have seen. If the log fails, nothing of the space is certain any
 * more, and it is closed.
 */

import { type Clock, encodeEvent, FleetingMap, type Withdrawal } from '@tutti/link';
import { type SyncArgs, type SyncVerb, type SyncWire, TuttiError } from '@tutti/protocol';
import type { Release } from './barrier.ts';
import type { Player } from './cast.ts';
import { ComeAgains } from './come-agains.ts';
import { Deadlines, type Due } from './deadlines.ts';
import type { Effect } from './effects.ts';
import type { Answer, Settled, SyncSpace, Unanswered, Wait } from './space.ts';

/** What is needed of an agent's session. */
export interface SyncSession {
  readonly closed: TuttiError | undefined;
  sendEncoded(frame: Uint8Array): void;
}

export interface DecisionLog {
  /** Keeps what a space has decided; resolves when it is durable, all calls of one turn together. */
  append(space: string, effects: readonly Effect[]): Promise<void>;
}

/** What a member asks, by the name that it has in the space. */
export interface SpaceCall<V extends SyncVerb> {
  member: string;
  request: string;
  /** Master monotonic ms of when the script asked. */
  at: number;
  args: SyncArgs<V>;
  /** Master monotonic ms at which it gives up; for ever, where it may last as long as its test. */
  due: number;
  /** It ends with the test, not by a timeout of its own. */
  withTest: boolean;
}

interface Waiter extends Due {
  readonly member: string;
  readonly at: number;
  due: number;
  readonly withTest: boolean;
  session: SyncSession;
  resolve(result: SyncWire<SyncVerb>): void;
  reject(error: TuttiError): void;
}

interface ToTell {
  waiter: Waiter;
  answer: Answer;
}

export class LiveSpace {
  readonly id: string;
  readonly space: SyncSpace;
  readonly #clock: Clock;
  readonly #log: DecisionLog | undefined;
  /** By member and request, as the space knows them: two scripts may choose the same request id. */
  readonly #waiters = new FleetingMap<string, Waiter>();
  readonly #deadlines: Deadlines;
  readonly #comeAgains = new ComeAgains();
  /** What was decided and is not durable yet: how much of it, and when all that was said so far has been told. */
  #undurable = 0;
  #toldSoFar: Promise<void> = Promise.resolve();
  /** Why nothing is taken any more. */
  #unusable: TuttiError | undefined;
  /** Master time less the monotonic clock, in ms. */
  readonly #base: number;

  /** Without a log answers go out at once. */
  constructor(id: string, space: SyncSpace, clock: Clock, log: DecisionLog | undefined) {
    this.id = id;
    this.space = space;
    this.#clock = clock;
    this.#log = log;
    this.#base = clock.wallMs() - clock.monotonicMs();
    this.#deadlines = new Deadlines(clock, this.#waiters, (request) =>
      this.#tell(space.timeOut(request, this.#now)),
    );
  }

  /** Settles like the request does. `signal` aborted on a living session withdraws it. */
  call<V extends SyncVerb>(
    verb: V,
    call: SpaceCall<V>,
    session: SyncSession,
    signal: () => Withdrawal,
  ): Promise<SyncWire<V>> {
    if (this.#unusable) throw this.#unusable;
    const { member, withTest } = call;
    const request = requestOf(member, call.request);
    return new Promise<SyncWire<SyncVerb>>((resolve, reject) => {
      const earlier = this.#waiters.get(request);
      earlier?.reject(new TuttiError('CANCELLED', 'the request was repeated'));
      const first = earlier ?? this.#comeAgains.first(member, request);
      const { at, due } = first ?? call;
      const waiter: Waiter = { member, at, due, withTest, session, resolve, reject };
      this.#waiters.set(request, waiter);
      const asked = { member, request, at: (this.#base + at) / 1000 };
      this.#tell(this.space.ask(verb, argsOf(verb, call), asked));
      if (this.#waiters.get(request) !== waiter) return;
      this.#deadlines.arm(due);
      const stop = signal();
      const withdraw = () => {
        // The session's end aborts too, but then the caller may still be there.
        if (session.closed === undefined && this.#waiters.get(request) === waiter) this.#withdraw(request);
      };
      if (stop.aborted) withdraw();
      else stop.addEventListener('abort', withdraw, { once: true });
    }) as Promise<SyncWire<V>>;
  }

  /** Who of these waits as long as the test has been given so many seconds more. */
  extend(seconds: number, isOfTest: (member: string) => boolean): void {
    for (const waiter of this.#waiters.values())
      if (waiter.withTest && isOfTest(waiter.member)) waiter.due += seconds * 1000;
  }

  /** Everybody of these gives up so many ms later; earlier, if that is less than none. */
  postpone(ms: number, isOfTest: (member: string) => boolean): void {
    this.#comeAgains.postpone(ms, isOfTest);
    for (const waiter of this.#waiters.values()) {
      if (!isOfTest(waiter.member)) continue;
      waiter.due += ms;
      if (ms < 0) this.#deadlines.arm(waiter.due);
    }
  }

  /**
   * An agent is back: waits of this member whose callers it does not have are withdrawn. Some `mayComeAgain`, and then repeat
   * what they asked: none of them has lost its place, or a message that it was given, until `endDoubt`. False if there is
   * nothing of either.
   */
  keepOnly(member: string, requests: ReadonlySet<string>, options: { mayComeAgain: boolean }): boolean {
    for (const request of this.space.waitingRequests(member)) {
      if (requests.has(request.slice(requestOf(member, '').length))) continue;
      const waiter = this.#waiters.get(request);
      if (options.mayComeAgain && waiter) this.#comeAgains.expect(member, request, waiter);
      this.#withdraw(request, options);
    }
    const unheld = this.space.doubtUnheld(member);
    return unheld || this.#comeAgains.expects(member);
  }

  /** Callers have had their time to come again: messages that nobody stands for are given back. */
  endDoubt(member: string): void {
    this.#comeAgains.forget(member);
    this.#tell(this.space.returnUnheld(member));
  }

  /** The member's machine was rebooted; `unanswered`: arrivals of before whose answers its script has not heard. */
  newIncarnation(member: string, unanswered: readonly Unanswered[]): void {
    this.#comeAgains.forget(member);
    const arrivals = unanswered.map(({ name, request }) => ({ name, request: requestOf(member, request) }));
    this.#tell(this.space.newIncarnation(member, arrivals));
  }

  leave(member: string, how: string, options: { lost?: boolean }): void {
    this.#comeAgains.forget(member);
    this.#tell(this.space.leave(member, how, this.#now, options));
  }

  /** Of a run. */
  join(players: Iterable<Player>, options: { more: boolean }): void {
    this.#tell(this.space.join(players, this.#now, options));
  }

  waits(): Wait[] {
    return this.space.waits();
  }

  /** It is over: whoever still waits is told why. */
  close(why: TuttiError): void {
    this.#deadlines.disarm();
    const waiters = [...this.#waiters.values()];
    this.#waiters.clear();
    for (const waiter of waiters) waiter.reject(why);
  }

  get waiters(): number {
    return this.#waiters.size;
  }

  get timers(): number {
    return Number(this.#deadlines.armed);
  }

  /** Master time in seconds. */
  get #now(): number {
    return (this.#base + this.#clock.monotonicMs()) / 1000;
  }

  #withdraw(request: string, options?: { mayComeAgain: boolean }): void {
    const others = this.space.withdraw(request, options);
    this.#take(request)?.reject(new TuttiError('CANCELLED', 'the caller withdrew the request'));
    this.#tell(others);
  }

  #take(request: string): Waiter | undefined {
    const waiter = this.#waiters.get(request);
    if (this.#waiters.delete(request) && this.#waiters.size === 0) this.#deadlines.disarm();
    return waiter;
  }

  #tell(settled: Settled[]): void {
    const effects = this.space.takeEffects();
    const told: ToTell[] = [];
    for (const { request, answer } of settled) {
      const waiter = this.#take(request);
      if (waiter) told.push({ waiter, answer });
    }
    const log = this.#log;
    if (log === undefined || (effects.length === 0 && this.#undurable === 0)) this.#send(told);
    else this.#tellWhenKept(log, effects, told);
  }

  #tellWhenKept(log: DecisionLog, effects: Effect[], told: ToTell[]): void {
    if (this.#unusable) {
      refuse(told, this.#unusable);
      return;
    }
    // At once: all that is decided in this turn becomes durable together.
    const durable = effects.length > 0 ? keep(log, this.id, effects) : undefined;
    this.#undurable += 1;
    this.#toldSoFar = Promise.all([durable, this.#toldSoFar]).then(
      () => {
        this.#undurable -= 1;
        if (this.#unusable) refuse(told, this.#unusable);
        else this.#send(told);
      },
      (thrown: unknown) => {
        this.#undurable -= 1;
        refuse(told, this.#spoil(TuttiError.from(thrown)));
      },
    );
  }

  /** What was decided may be lost: whoever is concerned is told so, and nothing more is taken. */
  #spoil(cause: TuttiError): TuttiError {
    this.#unusable ??= new TuttiError(
      cause.code,
      `what this ${this.space.cast.of} decides can no longer be kept, so that its barriers, keys, topics and locks are closed: ${cause.message}`,
      { cause },
    );
    this.close(this.#unusable);
    return this.#unusable;
  }

  #send(told: ToTell[]): void {
    this.#sendData(told);
    for (const { waiter, answer } of told) {
      if (answer.ok) waiter.resolve(answer.result);
      else waiter.reject(answer.error);
    }
  }

  /** All participants' data goes out once per session, encoded once per release, just before the answers. */
  #sendData(told: ToTell[]): void {
    const sessions = new Map<Release, Set<SyncSession>>();
    for (const { waiter, answer } of told) {
      if (!answer.ok || !answer.release?.hasData) continue;
      const known = sessions.get(answer.release);
      if (known) known.add(waiter.session);
      else sessions.set(answer.release, new Set([waiter.session]));
    }
    for (const [{ name, generation, arrivals }, receivers] of sessions) {
      const json = JSON.stringify(
        Object.fromEntries(arrivals.map(({ member, data }) => [member, data ?? null])),
      );
      const frame = encodeEvent('barrier.data', { attempt: this.id, name, generation, json });
      for (const session of receivers) session.sendEncoded(frame);
    }
  }
}

function requestOf(member: string, request: string): string {
  return `${member} ${request}`;
}

/** Requests that are named in arguments are the member's own. */
function argsOf<V extends SyncVerb>(verb: V, { member, args }: SpaceCall<V>): SyncArgs<V> {
  if (verb !== 'ack' && verb !== 'hold') return args;
  return { request: requestOf(member, (args as SyncArgs<'ack'>).request) } as SyncArgs<V>;
}

async function keep(log: DecisionLog, space: string, effects: readonly Effect[]): Promise<void> {
  await log.append(space, effects);
}

function refuse(told: ToTell[], error: TuttiError): void {
  for (const { waiter } of told) waiter.reject(error);
}
