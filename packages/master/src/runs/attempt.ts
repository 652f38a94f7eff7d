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
import { type NodeResult, type NodeVerb, type StopReason, TuttiError } from '@tutti/protocol';
import { AttemptCommands } from '../commands/attempt-commands.ts';
import { Driving } from '../commands/driving.ts';
import type { AttemptDeps } from './attempt-deps.ts';
import { Coalesced } from './coalesced.ts';
import { HeldStarts } from './held-starts.ts';
import { allCollected, allEnded } from './leaving.ts';
import type { MemberHooks, MemberUnderWay } from './live-member.ts';
import type { DriveCall } from './members.ts';
import type { AttemptRun, TestRun, Trouble } from './model.ts';
import type { Pause } from './pause.ts';
import { Pausing } from './pausing.ts';
import { takeBarriers, takeWaits } from './taken.ts';
import { TestTime } from './test-time.ts';
import { describeUnderWay } from './timeout-words.ts';
import { attemptVerdict, course, failureSoFar, howEnded, memberVerdict } from './verdict.ts';

/** What members say reaches the report at this pace. */
const SAID_PAUSE_MS = 500;

export class Attempt {
  readonly pausing: Pausing;
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
  readonly #time: TestTime;
  readonly #commands: AttemptCommands;
  readonly #driving: Driving;
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
      drive: (...asked) => this.#driving.drive(...asked),
    });
    this.#time = new TestTime(test.spec, model, deps.clock, () => this.#timedOut());
    this.#commands = new AttemptCommands(model, this.#members, deps.commands);
    this.pausing = new Pausing({
      ...{ attempt: model, test: test.spec.name, seconds: deps.pauseSeconds },
      ...deps,
      ...{ commands: this.#commands, time: this.#time },
      keep: (step) => deps.keep.attempt(step),
      members: () => this.#members,
      onOver: (pause) => this.#pauseOver(pause),
    });
    this.#driving = new Driving({
      attempt: model,
      roles: test.spec.roles,
      members: () => this.#members,
      commands: this.#commands,
      blobs: deps.blobs,
      clock: deps.clock,
      left: () => Math.max(0, this.left ?? 0) + this.pausing.rest,
      standsStill: this.pausing,
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
    takeBarriers(this.#model, this.#deps.broker);
    this.#setState('collecting');
    const ended = [...this.#members, ...this.#commands.all].filter(({ model }) => model.end !== undefined);
    await Promise.all(ended.map((each) => allCollected(each, this.#deps.clock)));
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
    this.#commands.reconsider();
  }

  /** An operator does something on the machine of a member. */
  operate<V extends NodeVerb>(verb: V, call: DriveCall<V>, signal: AbortSignal): Promise<NodeResult<V>> {
    return this.#driving.operate(verb, call, signal);
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
    broker.open(this.#model.id, this.#model.members, (this.left ?? 0) + this.pausing.rest, {
      restored: resumed ? decisions() : [],
      inRun: inRun(),
      standstill: this.pausing.standstill,
    });
    this.#setState('running');
    this.#time.arm();
    if (resumed) this.#goOn();
    // A member starts once, however often it is asked.
    for (const member of this.#members) if (!member.ended && !this.#held.holds(member)) this.#start(member);
    if (resumed) void this.#held.recall();
    this.#held.consider();
    this.#deps.changed();
    const reason = await this.#over.promise;
    this.#time.stop();
    return reason;
  }

  /** Seconds until the test times out; undefined before its members are told to start. */
  get left(): number | undefined {
    return this.#time.left;
  }

  #timedOut(): void {
    const { clock, broker } = this.#deps;
    const at = describeUnderWay({
      waits: broker.waits(this.#model.id),
      members: this.#members,
      held: this.#held,
      commands: this.#commands.running,
      wallMs: clock.wallMs(),
    });
    this.#fail({ status: 'INTERRUPTED', cause: `timed out after ${this.#time.limit} s: ${at}` }, 'timeout');
  }

  /** A member asks for so many seconds more, once for each request. Resolves with the seconds that are left. */
  async extend(request: string, more: number): Promise<number> {
    if (this.#model.over !== undefined) throw new TuttiError('SPACE_CLOSED', 'the test is over');
    const granted = this.#time.extend(request, more);
    if (granted !== undefined) {
      this.#deps.broker.extend(this.#model.id, granted);
      this.pausing.tellTime();
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

  /** What an earlier master had found out; and what it had no time to conclude from it. */
  #goOn(): void {
    const { over } = this.#model;
    if (this.#time.isExtended) this.pausing.tellTime();
    this.pausing.goOn();
    this.#commands.goOn();
    if (over !== undefined) this.#over.resolve(over);
    else this.#consider();
  }

  #start(member: MemberUnderWay): void {
    member.start().catch((thrown: unknown) => {
      // A member that was lost meanwhile says so itself.
      if (member.ended) return;
      const { message } = TuttiError.from(thrown);
      this.#fail(
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
    if (this.#time.isExtended || this.pausing.lasts) this.pausing.tellTime();
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
    const how = howEnded(model);
    this.#deps.log.info(
      { test: this.#test.spec.name, member: model.name, node: model.node },
      `${model.name} ${how}`,
    );
    const told = () => this.#deps.broker.told(this.#model.id, model.name);
    model.verdict = memberVerdict(model, told());
    if (!this.#pausesNow()) {
      this.#leave(member);
      model.verdict = memberVerdict(model, told());
    }
    this.#commands.endOf(member);
    this.#deps.changed();
    // Nobody is asked to end before the start: it is lost, and the test cannot begin without it.
    if (this.#test.state === 'staging') {
      this.#trouble({ status: 'ERROR', cause: `${model.name} on ${model.node} ${how}` }, 'test-over');
      return;
    }
    this.#held.consider();
    this.#consider();
  }

  /** Who waits for it is told, unless the test is paused: then when that is over, so that there is something to look at. */
  #leave({ name, model, lost }: MemberUnderWay): void {
    this.#deps.broker.leave(this.#model.id, name, howEnded(model), { lost });
  }

  /** What the ends so far mean for who still runs. */
  #consider(): void {
    if (this.#model.over !== undefined) return;
    const now = course(this.#model.members);
    if (now === 'going' || this.#pausesNow()) return;
    if (now === 'over') this.#end('test-over');
    else this.#linger();
  }

  /** A failure that is expected is none. */
  #pausesNow(): boolean {
    if (this.pausing.lasts) return true;
    if (this.#model.over !== undefined || this.#test.state !== 'running') return false;
    const failure = failureSoFar(this.#model.members);
    const expected = this.#test.spec.expect === 'fail' && failure?.status === 'FAIL';
    return failure !== undefined && !expected && this.#pauses(failure.cause);
  }

  #pauses(...failure: Parameters<Pausing['begin']>): boolean {
    if (!this.pausing.begin(...failure)) return false;
    this.#cancelLinger?.();
    this.#cancelLinger = undefined;
    return true;
  }

  /** As if there had been none; or it ends now, as it is. */
  #pauseOver({ how, trouble: held, since, ended = since }: Pause): void {
    for (const member of this.#members) if (member.ended) this.#leave(member);
    if (this.#model.lingers !== undefined) this.#model.lingers += ended - since;
    // The run is cancelled, and this with it.
    if (how === 'abort') return;
    if (held !== undefined) this.#trouble(held.trouble, held.reason);
    else if (how === 'retry') this.#end('test-over');
    else this.#consider();
  }

  /** It stands still first, if it is to. */
  #fail(trouble: Trouble, reason: StopReason): void {
    if (this.#model.over === undefined && this.#pauses(trouble.cause, { trouble, reason })) return;
    this.#trouble(trouble, reason);
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
      this.pausing.close();
      this.#model.over = reason;
      // Before anybody is stopped: whose wait ends by that did wait until now.
      takeWaits(this.#model, this.#deps.broker);
      void this.#deps.keep.attempt('over');
    }
    this.#over.resolve(this.#model.over);
  }

  async #stopRest(reason: StopReason): Promise<void> {
    const running = this.#members.filter(({ model }) => model.state === 'running');
    const commands = this.#commands.running;
    for (const command of commands) this.#commands.stop(command, reason);
    for (const member of running) {
      // Answered or not: its end, or its loss, is what counts.
      member
        .stop(reason)
        .catch((error: unknown) =>
          this.#deps.log.debug({ member: member.name, err: error }, 'stop was not answered'),
        );
    }
    await allEnded([...running, ...commands], this.#deps.clock);
  }

  async #close(): Promise<void> {
    this.#deps.broker.close(this.#model.id);
    if (this.#test.part === 'setup') this.keep();
    else for (const member of this.#members) this.#forget(member);
    await this.#commands.close();
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
