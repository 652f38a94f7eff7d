/**
 * One attempt at a test, from staging to verdict: the shell around the pure rules of verdict.ts.
 *
 *   stage all ─▶ start all ─▶ (ends, losses, linger, timeout, cancel) ─▶ stop the rest ─▶ collect ─▶ verdict
 *
 * Guarantees: no member starts before all are staged; the wait graph of a timeout is taken before anything is
 * stopped; the verdict comes after every copy has its final length, or says whose could not be had; `run`
 * never rejects: what goes wrong becomes the attempt's trouble; nothing of the attempt outlives `run` but a file that
 * is on its way into an agent's cache, and, of a setup, what its scripts left running: until `letGo`.
 *
 * It can begin with a model that an earlier master had begun with, and goes on from there: each step is durable before
 * the next one is taken (`AttemptDeps.keep`), and what is asked of agents may be asked twice.
 */
import type { Clock, Logger } from '@tutti/link';
import { type StopReason, TuttiError } from '@tutti/protocol';
import { seconds } from '../sync/barrier.ts';
import type { InRun, SyncBroker } from '../sync/broker.ts';
import type { Effect } from '../sync/effects.ts';
import { circles, describeCircle, missingInWords, type Wait } from '../sync/wait-graph.ts';
import { Coalesced } from './coalesced.ts';
import { HeldStarts } from './held-starts.ts';
import type { MemberHooks, MemberUnderWay } from './live-member.ts';
import { MAX_TIMEOUT_SECONDS } from './longest.ts';
import type { LiveMembers } from './members.ts';
import type { AttemptRun, TestRun, Trouble } from './model.ts';
import { attemptVerdict, course, describeEnd, memberVerdict } from './verdict.ts';

/** The stop ladder takes 5 s; an agent that is connected and still silent by then has a defect. */
const STOP_MS = 30_000;
/** What a member left may take as long as it likes, as long as some of it comes, or waits for the master's disk. */
const COLLECT_MS = 120_000;
/** What members say reaches the report at this pace. */
const SAID_PAUSE_MS = 500;

export interface AttemptDeps {
  clock: Clock;
  broker: SyncBroker;
  live: LiveMembers;
  log: Logger;
  /** Puts the files and the directory of a member on its node. */
  stage: (member: MemberUnderWay, signal: AbortSignal) => Promise<void>;
  /** Something that people watch has changed. */
  changed: () => void;
  keep: KeepAttempt;
  /** What its sync space had decided under an earlier master. */
  decisions: () => Iterable<Effect>;
  /** Its place in the sync space of its run, as of now. */
  inRun: () => InRun;
}

/** Makes what has become of an attempt durable; each resolves when it is. */
export interface KeepAttempt {
  attempt(
    step: 'planned' | 'opened' | 'extended' | 'asked for a reboot' | 'lingers' | 'over' | 'judged',
  ): Promise<void>;
  test(): Promise<void>;
}

export class Attempt {
  readonly #test: TestRun;
  readonly #model: AttemptRun;
  readonly #deps: AttemptDeps;
  readonly #members: MemberUnderWay[];
  /** Ends staging and play: with the reason members are stopped for. */
  readonly #over = Promise.withResolvers<StopReason>();
  readonly #interrupt = new AbortController();
  readonly #held: HeldStarts;
  /** Members that have said something that the model does not have yet. */
  readonly #heard = new Set<MemberUnderWay>();
  readonly #said: Coalesced;
  #cancelTimeout: (() => void) | undefined;
  #cancelLinger: (() => void) | undefined;
  #ends: number;

  /** `makeMembers` gets what its members are to be given. */
  constructor(
    test: TestRun,
    model: AttemptRun,
    deps: AttemptDeps,
    makeMembers: (hooks: MemberHooks) => MemberUnderWay[],
  ) {
    this.#test = test;
    this.#model = model;
    this.#deps = deps;
    this.#ends = model.members.filter(({ endOrder }) => endOrder !== undefined).length;
    this.#members = makeMembers({
      siblings: () => this.#members,
      onEnd: (member) => this.#memberEnded(member),
      onReincarnated: ({ name }, unanswered) => deps.broker.newIncarnation(model.id, name, unanswered),
      incarnationMeant: (asked, member) => this.#incarnationMeant(asked, member),
      onSaid: (member) => this.#memberSaid(member),
      extend: (request, more) => this.extend(request, more),
    });
    this.#held = new HeldStarts(test.spec.roles, this.#members, (member) => void this.#startLater(member));
    this.#said = new Coalesced(deps.clock, SAID_PAUSE_MS, () => {
      for (const member of this.#heard) member.hear();
      this.#heard.clear();
      deps.changed();
    });
    for (const member of this.#members) deps.live.add(member);
  }

  async run(): Promise<void> {
    const ready = this.#model.opened !== undefined || (await this.#stage());
    const reason = ready ? await this.#play() : 'test-over';
    this.#cancelLinger?.();
    await this.#stopRest(reason);
    this.#takeBarriers();
    this.#setState('collecting');
    const ended = this.#members.filter(({ model }) => model.end !== undefined);
    await Promise.all(ended.map((member) => this.#collect(member)));
    await this.#judge();
    // Before agents may delete anything.
    await this.#deps.keep.attempt('judged');
    await this.#close();
  }

  /** An operator's wish; the first trouble stands. */
  cancel(cause: string): void {
    this.#trouble({ status: 'INTERRUPTED', cause }, 'cancelled');
  }

  /** The master is going: whoever is away is lost at once. */
  endGrace(): void {
    for (const member of this.#members) member.endGrace();
  }

  /** Its agents go on keeping what its scripts left running: so they must not take its members for unknown. */
  keep(): void {
    for (const member of this.#members) {
      if (member.lost) this.#forget(member);
      else member.keep();
    }
  }

  /** Has ended what `keep` kept. Resolves when nothing of it lives, as far as its agents can be reached. */
  async letGo(signal: AbortSignal): Promise<void> {
    const kept = this.#members.filter(({ id }) => this.#deps.live.find(id) !== undefined);
    for (const { id } of kept) this.#deps.live.delete(id);
    await Promise.allSettled(kept.map((member) => member.forgotten(signal)));
  }

  async #stage(): Promise<boolean> {
    this.#setState('staging');
    if (this.#model.trouble !== undefined) return false;
    try {
      await this.#deps.keep.attempt('planned');
      await Promise.all(
        this.#members.map(async (member) => {
          try {
            await this.#deps.stage(member, this.#interrupt.signal);
            this.#deps.changed();
          } catch (thrown) {
            const error = TuttiError.from(thrown);
            this.#trouble(
              {
                status: 'ERROR',
                cause: `${member.name} on ${member.node} could not be staged: ${error.message}`,
              },
              'test-over',
            );
            throw error;
          }
        }),
      );
    } catch {
      return false;
    }
    return this.#model.trouble === undefined;
  }

  async #play(): Promise<StopReason> {
    const { clock, broker, keep, decisions, inRun } = this.#deps;
    const resumed = this.#model.opened !== undefined;
    // Here, not earlier: the time for the test begins with the test, not with its staging.
    this.#model.opened ??= clock.wallMs();
    if (!resumed) await keep.attempt('opened');
    broker.open(this.#model.id, this.#model.members, this.left ?? 0, {
      restored: resumed ? decisions() : [],
      inRun: inRun(),
    });
    this.#setState('running');
    this.#armTimeout();
    if (resumed) this.#goOn();
    // A member starts once, however often it is asked.
    for (const member of this.#members) if (!member.ended && !this.#held.holds(member)) this.#start(member);
    if (resumed) void this.#held.recall();
    this.#held.consider();
    this.#deps.changed();
    const reason = await this.#over.promise;
    this.#cancelTimeout?.();
    return reason;
  }

  /** Seconds until the test times out; undefined before its members are told to start. */
  get left(): number | undefined {
    const { opened } = this.#model;
    return opened === undefined ? undefined : this.#timeout - (this.#deps.clock.wallMs() - opened) / 1000;
  }

  get #timeout(): number {
    return Object.values(this.#model.extensions).reduce((sum, more) => sum + more, this.#test.spec.timeout);
  }

  #armTimeout(): void {
    const { clock, broker } = this.#deps;
    this.#cancelTimeout?.();
    this.#cancelTimeout = clock.after((this.left ?? 0) * 1000, () => {
      const waits = broker.waits(this.#model.id);
      const cause = `timed out after ${this.#timeout} s: ${describeWaits(waits, clock.wallMs() / 1000, this.#members, this.#held)}`;
      this.#trouble({ status: 'INTERRUPTED', cause }, 'timeout');
    });
  }

  /** A member asks for so many seconds more, once for each request. Resolves with the seconds that are left. */
  async extend(request: string, more: number): Promise<number> {
    const { extensions, over } = this.#model;
    if (over !== undefined) throw new TuttiError('SPACE_CLOSED', 'the test is over');
    if (extensions[request] === undefined) {
      const room = (this.#test.spec.maxTimeout ?? MAX_TIMEOUT_SECONDS) - this.#timeout;
      const granted = Math.max(0, Math.min(more, room));
      extensions[request] = granted;
      this.#deps.broker.extend(this.#model.id, granted);
      this.#armTimeout();
      this.#tellTime();
    }
    await this.#deps.keep.attempt('extended');
    return Math.max(0, this.left ?? 0);
  }

  /** A request that is repeated, to the next master too, does not mean the incarnation after the reboot. */
  async #incarnationMeant(asked: string, { name, model }: MemberUnderWay): Promise<number> {
    const { reboots } = this.#model;
    reboots[asked] ??= { member: name, incarnation: model.incarnation };
    const { incarnation } = reboots[asked];
    await this.#deps.keep.attempt('asked for a reboot');
    return incarnation;
  }

  #tellTime(): void {
    for (const member of this.#members) {
      if (member.ended) continue;
      // Who does not hear of it is stopped too early, by an agent that says so.
      member
        .extended(Math.max(0, this.left ?? 0))
        .catch((error: unknown) =>
          this.#deps.log.debug({ member: member.name, err: error }, 'more time was not told'),
        );
    }
  }

  /** What an earlier master had found out; and what it had no time to conclude from it. */
  #goOn(): void {
    const { over, extensions } = this.#model;
    if (Object.keys(extensions).length > 0) this.#tellTime();
    if (over !== undefined) this.#over.resolve(over);
    else this.#consider();
  }

  #start(member: MemberUnderWay): void {
    member.start().catch((thrown: unknown) => {
      // A member that was lost meanwhile says so itself.
      if (member.ended) return;
      const { message } = TuttiError.from(thrown);
      this.#trouble(
        { status: 'ERROR', cause: `${member.name} on ${member.node} could not be started: ${message}` },
        'test-over',
      );
    });
  }

  /** Its turn has come: durable first, so that the next master does not hold it back again. */
  async #startLater(member: MemberUnderWay): Promise<void> {
    await member.startsLater();
    // The test was over before it could.
    if (member.ended) return;
    this.#start(member);
    // Its agent gives it the test's time from now on.
    if (Object.keys(this.#model.extensions).length > 0) this.#tellTime();
    this.#deps.changed();
  }

  #memberSaid(member: MemberUnderWay): void {
    if (this.#model.status !== undefined) return;
    this.#heard.add(member);
    this.#said.wish();
    if (this.#test.state === 'running') this.#held.consider();
  }

  #memberEnded(member: MemberUnderWay): void {
    const { model } = member;
    model.endOrder = this.#ends;
    this.#ends += 1;
    const how = model.lost ?? (model.end ? describeEnd(model.end) : (model.verdict?.cause ?? 'ended'));
    this.#deps.log.info(
      { test: this.#test.spec.name, member: model.name, node: model.node },
      `${model.name} ${how}`,
    );
    this.#deps.broker.leave(this.#model.id, model.name, how, { lost: member.lost });
    model.verdict = memberVerdict(model, this.#deps.broker.told(this.#model.id, model.name));
    this.#deps.changed();
    // Nobody is asked to end before the start: it is lost, and the test cannot begin without it.
    if (this.#test.state === 'staging') {
      this.#trouble({ status: 'ERROR', cause: `${model.name} on ${model.node} ${how}` }, 'test-over');
      return;
    }
    this.#held.consider();
    this.#consider();
  }

  /** What the ends so far mean for who still runs. */
  #consider(): void {
    if (this.#model.over !== undefined) return;
    switch (course(this.#model.members)) {
      case 'over':
        return this.#end('test-over');
      case 'linger':
        return this.#linger();
      case 'going':
    }
  }

  #linger(): void {
    const { clock, keep } = this.#deps;
    if (this.#cancelLinger) return;
    if (this.#model.lingers === undefined) {
      this.#model.lingers = clock.wallMs() + this.#test.spec.linger * 1000;
      void keep.attempt('lingers');
    }
    this.#cancelLinger = clock.after(this.#model.lingers - clock.wallMs(), () => this.#end('test-over'));
  }

  #trouble(trouble: Trouble, reason: StopReason): void {
    this.#model.trouble ??= trouble;
    this.#interrupt.abort(new TuttiError('CANCELLED', trouble.cause));
    this.#end(reason);
  }

  /** The first reason stands. */
  #end(reason: StopReason): void {
    if (this.#model.over === undefined) {
      this.#model.over = reason;
      // Before anybody is stopped: whose wait ends by that did wait until now.
      this.#takeWaits();
      void this.#deps.keep.attempt('over');
    }
    this.#over.resolve(this.#model.over);
  }

  #takeWaits(): void {
    const waited = this.#deps.broker.waited(this.#model.id);
    if (waited === undefined) return;
    this.#model.waits = waited.waits;
    if (waited.omitted > 0) this.#model.omitted = { ...this.#model.omitted, waits: waited.omitted };
  }

  #takeBarriers(): void {
    const records = this.#deps.broker.records(this.#model.id);
    if (records === undefined) return;
    this.#model.barriers = records.all;
    const { barriers, arrivals } = records.omitted;
    if (barriers > 0) this.#model.omitted = { ...this.#model.omitted, barriers };
    if (arrivals > 0) this.#model.omitted = { ...this.#model.omitted, arrivals };
  }

  async #stopRest(reason: StopReason): Promise<void> {
    const running = this.#members.filter(({ model }) => model.state === 'running');
    const stopWatching = this.#every(STOP_MS, () => {
      // Whoever is away has not heard of it: for them the grace counts.
      for (const member of running)
        if (!member.ended && !member.away)
          member.lose(`was lost: it did not end within ${STOP_MS / 1000} s of being stopped`);
    });
    for (const member of running) {
      // Answered or not: its end, or its loss, is what counts.
      member
        .stop(reason)
        .catch((error: unknown) =>
          this.#deps.log.debug({ member: member.name, err: error }, 'stop was not answered'),
        );
    }
    await Promise.all(running.map((member) => member.whenEnded));
    stopWatching();
  }

  async #collect(member: MemberUnderWay): Promise<void> {
    let received = member.files.received;
    const stopWatching = this.#every(COLLECT_MS, () => {
      const { waitsForRoom } = member.files;
      if (member.files.received === received && !waitsForRoom && !member.away)
        member.lose(
          `ended, but its logs could not be collected: nothing of them came for ${COLLECT_MS / 1000} s`,
        );
      received = member.files.received;
    });
    await member.whenCollected;
    stopWatching();
  }

  async #close(): Promise<void> {
    this.#deps.broker.close(this.#model.id);
    if (this.#test.part === 'setup') this.keep();
    else for (const member of this.#members) this.#forget(member);
    for (const member of this.#members) {
      await member.files
        .close()
        .catch((error: unknown) =>
          this.#deps.log.warn({ member: member.name, err: error }, 'a copy of a log could not be closed'),
        );
    }
  }

  #forget(member: MemberUnderWay): void {
    this.#deps.live.delete(member.id);
    member.forget();
  }

  /** Does it again and again; the returned function stops that. */
  #every(ms: number, work: () => void): () => void {
    const again = () => {
      work();
      cancel = this.#deps.clock.after(ms, again);
    };
    let cancel = this.#deps.clock.after(ms, again);
    return () => cancel();
  }

  async #judge(): Promise<void> {
    const { broker } = this.#deps;
    this.#said.stop();
    this.#heard.clear();
    for (const member of this.#members) {
      const { model } = member;
      const printed = await member.hearAll();
      model.verdict = memberVerdict(model, broker.told(this.#model.id, model.name), printed);
    }
    Object.assign(this.#model, attemptVerdict(this.#model), { ended: this.#deps.clock.wallMs() });
  }

  #setState(state: TestRun['state']): void {
    this.#test.state = state;
    void this.#deps.keep.test();
    this.#deps.changed();
  }
}

/** Who waits for whom, and who does not wait at all, in one sentence. */
function describeWaits(
  waits: readonly Wait[],
  now: number,
  members: readonly MemberUnderWay[],
  held: HeldStarts,
): string {
  const SHOWN = 5;
  const sentences = waits.map((wait) => {
    const { member, on, since } = wait;
    const missing = missingInWords(wait);
    const forWhom =
      missing.length === 0
        ? ''
        : `, missing ${missing.slice(0, SHOWN).join(', ')}${missing.length > SHOWN ? ' …' : ''}`;
    return `${member} has waited at ${on} for ${seconds(now - since)}${forWhom}`;
  });
  const waiting = new Set(waits.map(({ member }) => member));
  const busy = members
    .filter((member) => !member.ended && !waiting.has(member.name) && !held.holds(member))
    .map((member) => `${member.name} on ${member.node}`);
  if (busy.length > 0)
    sentences.push(`${busy.slice(0, SHOWN).join(', ')}${busy.length > SHOWN ? ' …' : ''} still running`);
  sentences.push(...held.inWords());
  for (const circle of circles(waits).slice(0, SHOWN)) sentences.push(describeCircle(circle));
  const more = sentences.length > SHOWN * 2 ? `; and ${sentences.length - SHOWN * 2} more` : '';
  return sentences.slice(0, SHOWN * 2).join('; ') + more;
}
