/**
 * Which space a member's request belongs to: that of its attempt, or the one that all tests of its run share; and how long
 * it may wait there. In the space of a run a member is called `test/client.0`.
 *
 * The space of a run lives from its first test to its last; a member takes part from when its attempt is opened until it
 * ends, and its waits end with it.
 */
import type { Clock, Withdrawal } from '@tutti/link';
import { type Scope, type SyncArgs, type SyncVerb, type SyncWire, TuttiError } from '@tutti/protocol';
import type { BarrierRecords } from './barrier-records.ts';
import type { Player } from './cast.ts';
import type { Told } from './decisions.ts';
import type { Effect } from './effects.ts';
import { type DecisionLog, LiveSpace, type SyncSession } from './live-space.ts';
import type { OnWaited } from './settling.ts';
import { SyncSpace, type Unanswered, type Wait } from './space.ts';
import { type Waited, WaitLog } from './wait-log.ts';

/** Time stands still for a test: master monotonic ms; `until`: when that ends, or has ended. */
export interface Standstill {
  readonly since: number;
  readonly until: number;
}

/** Seconds before the test's own end at which a wait without a timeout gives up, so that it can say why. */
const BEFORE_END = 2;

/** An attempt's place in its run. */
export interface InRun {
  /** The run's id. */
  run: string;
  /** What its members are called there, before the `/`. */
  test: string;
  /** Other tests, or attempts, may come after it. */
  more: boolean;
}

interface Opening {
  /** All that the attempt has decided before. */
  restored?: Iterable<Effect>;
  /** Without it run scope is closed to its members. */
  inRun?: InRun;
  /** The test stands still, or did so before. */
  standstill?: Standstill | undefined;
}

interface Attempt {
  readonly own: LiveSpace;
  readonly shared: { readonly space: LiveSpace; readonly run: string; readonly test: string } | undefined;
  /** What its members have waited for, in either scope. */
  readonly waited: WaitLog;
  /** Master monotonic ms at which the test times out. */
  deadline: number;
  standstill?: Standstill;
}

export interface MemberCall<V extends SyncVerb> {
  attempt: string;
  /** `client.0` */
  member: string;
  request: string;
  /** Master monotonic ms of when the script asked. */
  at: number;
  args: SyncArgs<V>;
}

/** An arrival that its script has heard nothing of, and where it was. */
export interface UnansweredArrival extends Unanswered {
  readonly scope?: Scope | undefined;
}

export class SyncBroker {
  readonly #clock: Clock;
  readonly #log: DecisionLog | undefined;
  readonly #attempts = new Map<string, Attempt>();
  readonly #runs = new Map<string, LiveSpace>();

  /** Without a log answers go out at once. */
  constructor(clock: Clock, log?: DecisionLog) {
    this.#clock = clock;
    this.#log = log;
  }

  /** Before its attempts. `players`: the members of those that an earlier master had opened; `restored`: what they decided. */
  openRun(id: string, players: Iterable<Player> = [], restored: Iterable<Effect> = []): void {
    const onWaited: OnWaited = (wait, error) => {
      for (const { shared, waited } of this.#attempts.values()) {
        const own = shared?.run === id ? waitInRun(shared.test, wait) : undefined;
        if (own) waited.add(own, this.#now, error);
      }
    };
    const space = SyncSpace.restore(players, restored, { of: 'run', onWaited });
    this.#runs.set(id, new LiveSpace(id, space, this.#clock, this.#log));
  }

  /** No test of the run will come any more: who waits for one of them hears it. */
  lastHaveCome(id: string): void {
    this.#runs.get(id)?.join([], { more: false });
  }

  closeRun(id: string): void {
    this.#runs.get(id)?.close(new TuttiError('SPACE_CLOSED', 'the run is over'));
    this.#runs.delete(id);
  }

  /** `timeout`: seconds from now until the test times out, if it stands still as long as it may. */
  open(
    id: string,
    players: Iterable<Player>,
    timeout: number,
    { restored = [], inRun, standstill }: Opening = {},
  ): void {
    const members = [...players];
    const waited = new WaitLog();
    const onWaited: OnWaited = (wait, error) => waited.add(wait, this.#now, error);
    const own = new LiveSpace(id, SyncSpace.restore(members, restored, { onWaited }), this.#clock, this.#log);
    const run = inRun && this.#runs.get(inRun.run);
    const shared = run && { space: run, run: inRun.run, test: inRun.test };
    const deadline = this.#clock.monotonicMs() + timeout * 1000;
    this.#attempts.set(id, { own, shared, waited, deadline, ...(standstill && { standstill }) });
    if (inRun) run?.join(playersInRun(inRun.test, members), inRun);
  }

  /** The test has been given so many seconds more, and with it what waits as long as the test. */
  extend(attemptId: string, seconds: number): void {
    const attempt = this.#attempts.get(attemptId);
    if (attempt === undefined) return;
    attempt.deadline += seconds * 1000;
    const { own, shared } = attempt;
    own.extend(seconds, () => true);
    shared?.space.extend(seconds, (name) => memberOf(shared.test, name) !== undefined);
  }

  /** What its members wait for goes on as long as the test stands still; told again when that is shorter than it was. */
  standStill(attemptId: string, standstill: Standstill): void {
    const attempt = this.#attempts.get(attemptId);
    if (attempt === undefined) return;
    const more = standstill.until - (attempt.standstill?.until ?? standstill.since);
    attempt.standstill = standstill;
    attempt.deadline += more;
    const { own, shared } = attempt;
    own.postpone(more, () => true);
    shared?.space.postpone(more, (name) => memberOf(shared.test, name) !== undefined);
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
    const { member, request, at, args } = call;
    const [space, name] = placeOf(attempt, member, args.scope);
    const due = dueOf(verb, call, attempt);
    const withTest = timeoutOf(args) === undefined;
    return space.call(verb, { member: name, request, at, args, due, withTest }, session, signal);
  }

  /**
   * An agent is back: waits of its members whose callers it does not have are withdrawn. Some `mayComeAgain` to it, and then
   * repeat what they asked: none of them has lost its place, or a message that it was given, until `endDoubt`. False if there
   * is nothing of either.
   */
  keepOnly(
    attemptId: string,
    member: string,
    requests: ReadonlySet<string>,
    options: { mayComeAgain: boolean },
  ): boolean {
    const places = this.#placesOf(attemptId, member);
    return places.map(([space, name]) => space.keepOnly(name, requests, options)).includes(true);
  }

  /** Callers have had their time to come again: messages of the member that nobody stands for are given back. */
  endDoubt(attemptId: string, member: string): void {
    for (const [space, name] of this.#placesOf(attemptId, member)) space.endDoubt(name);
  }

  /** The member's machine was rebooted: what its predecessor waited for is withdrawn, what it never heard is handed on. */
  newIncarnation(attemptId: string, member: string, unanswered: readonly UnansweredArrival[] = []): void {
    for (const [space, name, scope] of this.#placesOf(attemptId, member)) {
      const here = unanswered.filter((arrival) => (arrival.scope ?? 'attempt') === scope);
      space.newIncarnation(name, here);
    }
  }

  /** A member has ended or is `lost`; `how` completes "client.1 on n3: …". What the lost held is never handed on. */
  leave(attemptId: string, member: string, how: string, options: { lost?: boolean } = {}): void {
    for (const [space, name] of this.#placesOf(attemptId, member)) space.leave(name, how, options);
  }

  /** Barriers of the attempt that were released, for the report. */
  records(attemptId: string): BarrierRecords | undefined {
    return this.#attempts.get(attemptId)?.own.space.records;
  }

  /** What its members have waited for, and what they wait for now, for the report. */
  waited(attemptId: string): Waited | undefined {
    return this.#attempts.get(attemptId)?.waited.conclude(this.waits(attemptId));
  }

  /** The first break that a member was told of, and who of its test caused it. */
  told(attemptId: string, member: string): Told | undefined {
    const attempt = this.#attempts.get(attemptId);
    if (attempt === undefined) return undefined;
    const { own, shared } = attempt;
    const told = own.space.toldOfBreak(member);
    if (told || shared === undefined) return told;
    const ofRun = shared.space.space.toldOfBreak(nameInRun(shared.test, member));
    return ofRun && { ...ofRun, culprit: memberOf(shared.test, ofRun.culprit) };
  }

  /** What the attempt's members wait for, in either scope. Its own members are named as in the attempt. */
  waits(attemptId: string): Wait[] {
    const attempt = this.#attempts.get(attemptId);
    if (attempt === undefined) return [];
    const { own, shared } = attempt;
    if (shared === undefined || shared.space.waiters === 0) return own.waits();
    const { test, space } = shared;
    return [...own.waits(), ...space.waits().flatMap((wait) => waitInRun(test, wait) ?? [])];
  }

  /** The attempt is over: whoever still waits is told so. */
  close(attemptId: string): void {
    this.#attempts.get(attemptId)?.own.close(new TuttiError('SPACE_CLOSED', 'the test is over'));
    this.#attempts.delete(attemptId);
  }

  debugState(): { spaces: number; waiters: number; timers: number } {
    const all = [...this.#runs.values(), ...[...this.#attempts.values()].map(({ own }) => own)];
    const sum = (count: (space: LiveSpace) => number) => all.reduce((so, space) => so + count(space), 0);
    return {
      spaces: all.length,
      waiters: sum((space) => space.waiters),
      timers: sum((space) => space.timers),
    };
  }

  /** Master time in seconds. */
  get #now(): number {
    return this.#clock.wallMs() / 1000;
  }

  /** Every space that the member is in, and its name there. */
  #placesOf(attemptId: string, member: string): (readonly [LiveSpace, string, Scope])[] {
    const attempt = this.#attempts.get(attemptId);
    if (attempt === undefined) return [];
    const { own, shared } = attempt;
    const inOwn = [own, member, 'attempt'] as const;
    return shared ? [inOwn, [shared.space, nameInRun(shared.test, member), 'run']] : [inOwn];
  }
}

/** Members of a test as the space of their run knows them. */
export function playersInRun(test: string, players: Iterable<Player>): Player[] {
  return [...players].map(({ name, role, node }) => ({ name: nameInRun(test, name), role, node }));
}

function nameInRun(test: string, member: string): string {
  return `${test}/${member}`;
}

/** `client.0` of `test/client.0`; undefined for members of other tests. */
function memberOf(test: string, name: string | undefined): string | undefined {
  // A member's name has no slash, a test's may.
  const slash = name?.lastIndexOf('/') ?? -1;
  return name?.slice(0, slash) === test ? name.slice(slash + 1) : undefined;
}

/** A wait in the space of the run as the test of its member knows it; undefined for members of other tests. */
function waitInRun(test: string, wait: Wait): Wait | undefined {
  const member = memberOf(test, wait.member);
  if (member === undefined) return undefined;
  const missing = wait.missing.map((name) => memberOf(test, name) ?? name);
  return { ...wait, member, missing, on: `${wait.on} of the run`, test };
}

function placeOf({ own, shared }: Attempt, member: string, scope: Scope = 'attempt'): [LiveSpace, string] {
  if (scope === 'attempt') return [own, member];
  if (shared === undefined) throw new TuttiError('SPACE_CLOSED', 'the run is over');
  return [shared.space, nameInRun(shared.test, member)];
}

function timeoutOf(args: object): number | undefined {
  return (args as { timeout?: number }).timeout;
}

/**
 * Master monotonic ms at which a wait gives up. Without a timeout: barriers, keys and whatever is in run scope (where
 * who could end it may not have begun) just before the test's end, the others with the test.
 */
function dueOf<V extends SyncVerb>(
  verb: V,
  { args, at }: MemberCall<V>,
  { deadline, standstill }: Pick<Attempt, 'deadline' | 'standstill'>,
): number {
  const timeout = timeoutOf(args);
  if (timeout !== undefined) return at + timeout * 1000 + stoodStillFor(at, standstill);
  const gives = verb === 'barrier' || verb === 'get' || args.scope === 'run';
  // It stands for the life of its caller, however long that is.
  return gives && verb !== 'hold' ? lastMoment(deadline, at) : Number.POSITIVE_INFINITY;
}

/** For how many ms of those after it was asked. */
function stoodStillFor(at: number, standstill: Standstill | undefined): number {
  return standstill === undefined ? 0 : Math.max(0, standstill.until - Math.max(at, standstill.since));
}

/** Of two seconds before the end and half the time left, the later: a short test waits too. */
function lastMoment(deadline: number, at: number): number {
  return Math.max(deadline - BEFORE_END * 1000, at + (deadline - at) / 2);
}
