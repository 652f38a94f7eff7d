/**
 * The shell around sync spaces: sessions, promises and timers.
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
import { type BarrierArgs, type SyncArgs, type SyncVerb, type SyncWire, TuttiError } from '@tutti/protocol';
import type { Release } from './barrier.ts';
import type { Player } from './cast.ts';
import { Deadlines, type Due } from './deadlines.ts';
import type { Effect } from './effects.ts';
import { type Answer, type Settled, SyncSpace, type Wait } from './space.ts';

/** What the broker needs of an agent's session. */
export interface SyncSession {
  readonly closed: TuttiError | undefined;
  sendEncoded(frame: Uint8Array): void;
}

export interface DecisionLog {
  /** Keeps what an attempt has decided; resolves when it is durable, all calls of one turn together. */
  append(attempt: string, effects: readonly Effect[]): Promise<void>;
}

interface Waiter extends Due {
  /** For ever, where the wait may last as long as its test. */
  due: number;
  /** It ends with the test, not by a timeout of its own. */
  readonly withTest: boolean;
  session: SyncSession;
  resolve(result: SyncWire<SyncVerb>): void;
  reject(error: TuttiError): void;
}

interface Attempt {
  id: string;
  space: SyncSpace;
  /** Master monotonic ms at which the test times out. */
  deadline: number;
  /** By member and request, as the space knows them: two scripts may choose the same request id. */
  waiters: FleetingMap<string, Waiter>;
  deadlines: Deadlines;
  /** What was decided and is not durable yet: how much of it, and when all that was said so far has been told. */
  undurable: number;
  toldSoFar: Promise<void>;
  /** Timers after which what nobody of a member stands for is given back. */
  readonly returning: Map<string, () => void>;
  /** Why nothing is taken any more. */
  unusable: TuttiError | undefined;
}

interface ToTell {
  waiter: Waiter;
  answer: Answer;
}

/** As long as callers have to repeat to a new agent what they asked the old one. */
const REPEAT_MS = 5000;

/** Seconds before the test's own end at which a barrier without a timeout gives up, so that it can say why. */
const BEFORE_END = 2;

export interface MemberCall<V extends SyncVerb> {
  attempt: string;
  /** `client.0` */
  member: string;
  request: string;
  /** Master monotonic ms of when the script asked. */
  at: number;
  args: SyncArgs<V>;
}

export class SyncBroker {
  readonly #clock: Clock;
  readonly #log: DecisionLog | undefined;
  readonly #attempts = new Map<string, Attempt>();

  /** Without a log answers go out at once. */
  constructor(clock: Clock, log?: DecisionLog) {
    this.#clock = clock;
    this.#log = log;
  }

  /** `timeout`: seconds from now until the test times out. `restored`: all that the attempt has decided before. */
  open(id: string, players: Iterable<Player>, timeout: number, restored: Iterable<Effect> = []): void {
    const deadline = this.#clock.monotonicMs() + timeout * 1000;
    const space = SyncSpace.restore(players, restored);
    const waiters = new FleetingMap<string, Waiter>();
    const deadlines = new Deadlines(this.#clock, waiters, (request) =>
      this.#tell(attempt, space.timeOut(request, this.#clock.monotonicMs() / 1000)),
    );
    const attempt: Attempt = {
      id,
      space,
      deadline,
      waiters,
      deadlines,
      undurable: 0,
      toldSoFar: Promise.resolve(),
      returning: new Map(),
      unusable: undefined,
    };
    this.#attempts.set(id, attempt);
  }

  /** The test has been given so many seconds more, and with it what waits as long as the test. */
  extend(attemptId: string, seconds: number): void {
    const attempt = this.#attempts.get(attemptId);
    if (attempt === undefined) return;
    attempt.deadline += seconds * 1000;
    for (const waiter of attempt.waiters.values()) if (waiter.withTest) waiter.due += seconds * 1000;
  }

  /** Settles like the request does. `signal` aborted on a living session withdraws it. */
  call<V extends SyncVerb>(
    verb: V,
    call: MemberCall<V>,
    session: SyncSession,
    signal: () => Withdrawal,
  ): Promise<SyncWire<V>> {
    const attempt = this.#attempts.get(call.attempt);
    if (attempt === undefined) throw new TuttiError('SPACE_CLOSED', 'the test is over');
    if (attempt.unusable) throw attempt.unusable;
    const { member } = call;
    const request = requestOf(member, call.request);
    return new Promise<SyncWire<SyncVerb>>((resolve, reject) => {
      const earlier = attempt.waiters.get(request);
      earlier?.reject(new TuttiError('CANCELLED', 'the request was repeated'));
      const due = earlier?.due ?? dueOf(verb, call, attempt.deadline);
      const withTest = (call.args as Pick<BarrierArgs, 'timeout'>).timeout === undefined;
      const waiter: Waiter = { due, withTest, session, resolve, reject };
      attempt.waiters.set(request, waiter);
      const settled = attempt.space.ask(verb, argsOf(verb, call), { member, request, at: call.at / 1000 });
      this.#tell(attempt, settled);
      if (attempt.waiters.get(request) !== waiter) return;
      attempt.deadlines.arm(due);
      const stop = signal();
      const withdraw = () => {
        // The session's end aborts too, but then the caller may still be there.
        if (session.closed === undefined && attempt.waiters.get(request) === waiter)
          this.#withdraw(attempt, request);
      };
      if (stop.aborted) withdraw();
      else stop.addEventListener('abort', withdraw, { once: true });
    }) as Promise<SyncWire<V>>;
  }

  /** An agent is back: waits of its members whose callers it no longer has are withdrawn. */
  keepOnly(attemptId: string, member: string, requests: ReadonlySet<string>): void {
    const attempt = this.#attempts.get(attemptId);
    if (attempt === undefined) return;
    for (const request of attempt.space.waitingRequests(member)) {
      if (!requests.has(request.slice(requestOf(member, '').length))) this.#withdraw(attempt, request);
    }
    // After this master's restart: callers that live say so by repeating.
    if (attempt.space.hasUnheld(member)) this.#returnLater(attempt, member);
  }

  /** The time is over in which callers repeat to a new agent what they asked the old one: what it was not asked is withdrawn. */
  keepAsked(attemptId: string, member: string, session: SyncSession): void {
    const attempt = this.#attempts.get(attemptId);
    if (attempt === undefined) return;
    for (const request of attempt.space.waitingRequests(member)) {
      if (attempt.waiters.get(request)?.session !== session) this.#withdraw(attempt, request);
    }
    this.#tell(attempt, attempt.space.returnUnheld(member));
  }

  /** The member's machine was rebooted: what its predecessor waited for, and the messages it held, are withdrawn. */
  newIncarnation(attemptId: string, member: string): void {
    const attempt = this.#attempts.get(attemptId);
    if (attempt) this.#tell(attempt, attempt.space.newIncarnation(member));
  }

  /** A member has ended or is `lost`; `how` completes "client.1 on n3: …". What the lost held is never handed on. */
  leave(attemptId: string, member: string, how: string, options: { lost?: boolean } = {}): void {
    const attempt = this.#attempts.get(attemptId);
    if (attempt)
      this.#tell(attempt, attempt.space.leave(member, how, this.#clock.monotonicMs() / 1000, options));
  }

  space(attemptId: string): SyncSpace | undefined {
    return this.#attempts.get(attemptId)?.space;
  }

  waits(attemptId: string): Wait[] {
    return this.space(attemptId)?.waits() ?? [];
  }

  /** The attempt is over: whoever still waits is told so. */
  close(attemptId: string): void {
    const attempt = this.#attempts.get(attemptId);
    if (attempt === undefined) return;
    this.#attempts.delete(attemptId);
    this.#refuseAll(attempt, new TuttiError('SPACE_CLOSED', 'the test is over'));
  }

  debugState(): { spaces: number; waiters: number; timers: number } {
    let waiters = 0;
    let timers = 0;
    for (const attempt of this.#attempts.values()) {
      waiters += attempt.waiters.size;
      timers += Number(attempt.deadlines.armed) + attempt.returning.size;
    }
    return { spaces: this.#attempts.size, waiters, timers };
  }

  #withdraw(attempt: Attempt, request: string): void {
    const others = attempt.space.withdraw(request);
    this.#take(attempt, request)?.reject(new TuttiError('CANCELLED', 'the caller withdrew the request'));
    this.#tell(attempt, others);
  }

  #returnLater(attempt: Attempt, member: string): void {
    attempt.returning.get(member)?.();
    const cancel = this.#clock.after(REPEAT_MS, () => {
      attempt.returning.delete(member);
      this.#tell(attempt, attempt.space.returnUnheld(member));
    });
    attempt.returning.set(member, cancel);
  }

  #take({ waiters, deadlines }: Attempt, request: string): Waiter | undefined {
    const waiter = waiters.get(request);
    if (waiters.delete(request) && waiters.size === 0) deadlines.disarm();
    return waiter;
  }

  #tell(attempt: Attempt, settled: Settled[]): void {
    const effects = attempt.space.takeEffects();
    const told: ToTell[] = [];
    for (const { request, answer } of settled) {
      const waiter = this.#take(attempt, request);
      if (waiter) told.push({ waiter, answer });
    }
    const log = this.#log;
    if (log === undefined || (effects.length === 0 && attempt.undurable === 0)) this.#send(attempt, told);
    else this.#tellWhenKept(log, attempt, effects, told);
  }

  #tellWhenKept(log: DecisionLog, attempt: Attempt, effects: Effect[], told: ToTell[]): void {
    if (attempt.unusable) {
      refuse(told, attempt.unusable);
      return;
    }
    // At once: all that is decided in this turn becomes durable together.
    const durable = effects.length > 0 ? keep(log, attempt.id, effects) : undefined;
    attempt.undurable += 1;
    attempt.toldSoFar = Promise.all([durable, attempt.toldSoFar]).then(
      () => {
        attempt.undurable -= 1;
        if (attempt.unusable) refuse(told, attempt.unusable);
        else this.#send(attempt, told);
      },
      (thrown: unknown) => {
        attempt.undurable -= 1;
        const error = this.#spoil(attempt, TuttiError.from(thrown));
        refuse(told, error);
      },
    );
  }

  /** What was decided may be lost: whoever is concerned is told so, and nothing more is taken. */
  #spoil(attempt: Attempt, cause: TuttiError): TuttiError {
    attempt.unusable ??= new TuttiError(
      cause.code,
      `what this test decides can no longer be kept, so that its barriers, keys, topics and locks are closed: ${cause.message}`,
      { cause },
    );
    this.#refuseAll(attempt, attempt.unusable);
    return attempt.unusable;
  }

  #refuseAll(attempt: Attempt, error: TuttiError): void {
    attempt.deadlines.disarm();
    for (const cancel of attempt.returning.values()) cancel();
    attempt.returning.clear();
    const waiters = [...attempt.waiters.values()];
    attempt.waiters.clear();
    for (const waiter of waiters) waiter.reject(error);
  }

  #send({ id }: Attempt, told: ToTell[]): void {
    this.#sendData(id, told);
    for (const { waiter, answer } of told) {
      if (answer.ok) waiter.resolve(answer.result);
      else waiter.reject(answer.error);
    }
  }

  /** All participants' data goes out once per session, encoded once per release, just before the answers. */
  #sendData(attempt: string, told: ToTell[]): void {
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
      const frame = encodeEvent('barrier.data', { attempt, name, generation, json });
      for (const session of receivers) session.sendEncoded(frame);
    }
  }
}

function requestOf(member: string, request: string): string {
  return `${member} ${request}`;
}

/** Requests that are named in arguments are the member's own. */
function argsOf<V extends SyncVerb>(verb: V, { member, args }: MemberCall<V>): SyncArgs<V> {
  if (verb !== 'ack' && verb !== 'hold') return args;
  return { request: requestOf(member, (args as SyncArgs<'ack'>).request) } as SyncArgs<V>;
}

async function keep(log: DecisionLog, attempt: string, effects: readonly Effect[]): Promise<void> {
  await log.append(attempt, effects);
}

function refuse(told: ToTell[], error: TuttiError): void {
  for (const { waiter } of told) waiter.reject(error);
}

/** Master monotonic ms at which a wait gives up. */
function dueOf<V extends SyncVerb>(verb: V, { args, at }: MemberCall<V>, deadline: number): number {
  const { timeout } = args as Pick<BarrierArgs, 'timeout'>;
  if (timeout !== undefined) return at + timeout * 1000;
  return verb === 'barrier' ? lastMoment(deadline, at) : Number.POSITIVE_INFINITY;
}

/** Of two seconds before the end and half the time left, the later: a short test waits too. */
function lastMoment(deadline: number, at: number): number {
  return Math.max(deadline - BEFORE_END * 1000, at + (deadline - at) / 2);
}
