/**
 * What a member and a command have in common: something that a wrapper runs, supervised from its start to its recorded end.
 * Carries out what `member-state.ts` decides, and tells it what happens.
 *
 * Everything that is learnt comes from the kernel or from files of the directory, so that an agent which finds the
 * directory knows as much as the one that made it. What is `idle` runs until it is stopped, and costs no process.
 */
import { diskError, replaceFile } from '@tutti/link';
import { type Exit, type MemberEnd, type StopReason, TuttiError } from '@tutti/protocol';
import { machineUptime as uptime } from '../system/clock.ts';
import { type Timer, timer } from '../system/timer.ts';
import type { MemberContext } from './context.ts';
import { measureEnd } from './end.ts';
import { LifeLines, launch } from './launch.ts';
import type { Layout } from './layout.ts';
import { MemberProcesses } from './member-processes.ts';
import { type MemberAction, type MemberInput, type MemberState, step } from './member-state.ts';
import { untilDrained, untilSettled } from './output.ts';
import { newStartRecord, type StartRecord } from './start-record.ts';
import { markStop, readStop } from './stop-mark.ts';
import { TimeLimit } from './time-limit.ts';
import { exitAfterCrash, exitOf, readStatus } from './traces.ts';
import { watchTree } from './tree-watch.ts';
import { Work } from './work.ts';

export interface SupervisedSpec {
  /** The id by which its master knows it. */
  readonly member: string;
  readonly master: string;
  /** Seconds. */
  readonly timeout: number;
}

export abstract class Supervised<Spec extends SupervisedSpec> extends Work {
  readonly spec: Spec;
  readonly layout: Layout;
  protected readonly context: MemberContext;
  protected readonly processes: MemberProcesses;
  protected readonly time: TimeLimit;
  #state: MemberState;
  #record: StartRecord | undefined;
  /** Its start has got as far as it can. */
  #started = false;
  #lines: LifeLines | undefined;
  #starting: Promise<void> | undefined;
  #rung: Timer | undefined;
  #freezing: Promise<void> = Promise.resolve();
  /** Ends every wait of this object when its end is recorded or the agent leaves it alone. */
  readonly #over = new AbortController();
  readonly #ended = Promise.withResolvers<void>();

  /** `marginMs`: what it may run beyond its timeout, where somebody else acts at the timeout itself. */
  constructor(spec: Spec, layout: Layout, context: MemberContext, state: MemberState, marginMs: number) {
    super();
    this.spec = spec;
    this.layout = layout;
    this.context = context;
    this.#state = state;
    this.processes = new MemberProcesses(layout, context.bootId);
    this.time = new TimeLimit({
      member: spec.member,
      layout,
      timeout: spec.timeout,
      marginMs,
      started: () => this.#record,
      now: context.now,
      onOver: () => this.stop('timeout'),
      log: context.log,
    });
    if (state.at === 'ended') this.#ended.resolve();
  }

  get state(): MemberState {
    return this.#state;
  }

  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** It is neither still to be started nor at its end. */
  get isLive(): boolean {
    return this.#state.at !== 'prepared' && this.#state.at !== 'ended';
  }

  /** It runs, and nobody has told it to stop. */
  get goesOn(): boolean {
    return this.#state.at === 'running' && this.#state.stop === undefined;
  }

  /** Resolves when it runs, or when its end says that it cannot. */
  async start(): Promise<void> {
    this.handle({ is: 'start' });
    await this.#starting;
  }

  /** Resolves when its start, if it has begun, has got as far as it can. */
  async whenStarted(): Promise<void> {
    await this.#starting;
  }

  stop(reason: StopReason): void {
    this.handle({ is: 'stop', reason });
  }

  /** From now on it has so many seconds left. */
  async extended(remaining: number): Promise<void> {
    this.time.arm(remaining * 1000);
    await this.time.trySave();
  }

  /** Has its processes stand still, or go on; those of one that is being stopped go on. */
  async freeze(frozen: boolean): Promise<void> {
    const work = async () => {
      await this.#starting;
      if (this.idle || !this.isLive || (frozen && !this.goesOn)) return;
      await this.processes.freeze(frozen);
      // Its stop may have begun meanwhile.
      if (frozen && !this.goesOn) await this.processes.freeze(false);
    };
    // One after the other: the last that was asked for counts.
    this.#freezing = this.#freezing.then(work, work);
    await this.#freezing;
  }

  /** What an earlier agent wrote down: says what is still to be removed. */
  remember(record: StartRecord): void {
    this.#record = record;
    this.processes.use(record);
  }

  /** A decided start was carried out; `ran`: its wrapper has left traces. */
  wasStarted(record: StartRecord, ran: boolean): boolean {
    return ran || this.idle || record.boot !== this.context.bootId;
  }

  /** Goes on where an earlier agent left: `record` is what that one wrote when it started it. */
  async adopt(record: StartRecord): Promise<void> {
    this.remember(record);
    const stop = readStop(this.layout);
    this.#state = { at: 'running', stop, rung: 'none', reboot: this.announced };
    this.#started = true;
    if (this.crashed) {
      this.#wrapperGone();
      return;
    }
    this.time.arm();
    if (!this.idle) {
      const lines = new LifeLines(this.layout);
      this.#lines = lines;
      if (!lines.alive.isHeld()) {
        this.#wrapperGone();
        return;
      }
      lines.alive.onGone(() => this.#wrapperGone(uptime()));
    }
    this.#state = { at: 'running', stop: undefined, rung: 'none', reboot: this.announced };
    // The ladder begins again: how far it was climbed is not written down.
    if (stop !== undefined) this.stop(stop);
    try {
      await this.open(record);
    } catch (thrown) {
      // Worse than none would be one that nobody watches.
      this.context.log.error(
        { member: this.spec.member, err: thrown },
        'a local socket cannot be opened again',
      );
    }
  }

  /** Leaves it as it is, for the next agent. */
  async detach(): Promise<void> {
    await this.#starting;
    this.#over.abort();
    this.#release();
    await this.leaving();
    await this.time.saved;
  }

  /** Removes what the kernel holds for it; false when processes live on in its cgroup. */
  async removeTraces(): Promise<boolean> {
    return this.processes.remove(this.context.cgroupRoot, this.spec.member);
  }

  protected get record(): StartRecord | undefined {
    return this.#record;
  }

  /** Aborts when this object has nothing to do with it any more. */
  protected get over(): AbortSignal {
    return this.#over.signal;
  }

  /** Its machine has gone down since it was started. */
  /** A stop that is decided and marked, and waits for others to end. */
  protected get stopToCome(): StopReason | undefined {
    return undefined;
  }

  protected get crashed(): boolean {
    return this.#record !== undefined && this.#record.boot !== this.context.bootId;
  }

  protected handle(input: MemberInput): void {
    if (this.#over.signal.aborted) return;
    const before = this.#state.at;
    const { state, actions } = step(this.#state, input);
    this.#state = state;
    if (before !== state.at)
      this.context.log.debug({ member: this.spec.member, state: state.at, input: input.is }, 'member');
    for (const action of actions) this.#carryOut(action);
  }

  protected markStop(reason: StopReason | ''): void {
    try {
      markStop(this.layout, reason);
    } catch (thrown) {
      this.context.log.warn({ member: this.spec.member, err: thrown }, 'a stop cannot be written down');
    }
  }

  #carryOut(action: MemberAction): void {
    switch (action.do) {
      case 'spawn':
        this.#starting = this.#spawn();
        return;
      case 'record-stop':
        this.markStop(action.reason);
        return;
      case 'terminate':
        if (this.idle) this.#endIdle();
        else this.#watch(this.processes.terminate(), 'SIGTERM');
        return;
      case 'kill':
        this.#watch(this.processes.kill(), 'SIGKILL');
        return;
      case 'kill-wrapper':
        this.processes.killWrapper();
        return;
      case 'time-rung':
        this.#rung?.clear();
        // Who has no process has ended by the first rung.
        if (this.idle) return;
        this.#rung = timer(this.context.rungMs, () => this.handle({ is: 'rung-over' }));
        return;
      case 'watch-tree':
        if (this.idle) this.handle({ is: 'tree-gone', survivors: 0 });
        else this.#watch(this.#watchTree(), 'watching the processes');
        return;
      case 'count-survivors':
        this.#watch(this.#countSurvivors(), 'counting survivors');
        return;
      case 'drain':
        this.#watch(this.#drain(), 'draining');
        return;
      case 'settle':
        this.#watch(this.#settle(), 'settling');
        return;
      case 'reboot':
        this.#watch(this.goDown(), 'rebooting');
        return;
      case 'record-end':
        this.#watch(this.#recordEnd(action), 'recording the end');
        return;
      case 'report':
        this.#report(action.end);
        return;
    }
  }

  async #spawn(): Promise<void> {
    try {
      const { context, layout } = this;
      await this.makeReady();
      const command = this.idle ? undefined : await this.command();
      const cgroup = this.idle
        ? undefined
        : await this.processes.makeCgroup(context.cgroupRoot, this.spec.member);
      // Written down before it is there: whatever happens, the next agent knows what to remove.
      const record = newStartRecord(context, this.socketPath(this.#record), cgroup);
      this.remember(record);
      await replaceFile(layout.started, JSON.stringify(record), 0o600);
      await this.open(record);
      if (command === undefined) {
        this.time.arm();
        this.#started = true;
        // Nobody was there to be stopped when the ladder began.
        if (this.#state.at === 'running' && this.#state.rung !== 'none') this.#endIdle();
        return;
      }
      const lines = new LifeLines(layout);
      this.#lines = lines;
      this.time.arm();
      await launch(layout, lines, record, command, this.environment(record), context.shell, this.stdin);
      lines.alive.onGone(() => this.#wrapperGone(uptime()));
    } catch (thrown) {
      const error = diskError(this.layout.dir, thrown);
      const known = thrown instanceof TuttiError || error.code === 'DISK_FULL';
      const message = known ? error.message : `the script cannot be started: ${String(thrown)}`;
      this.handle({ is: 'not-started', message });
      await this.#ended.promise;
    }
  }

  #endIdle(): void {
    if (this.#started) this.#wrapperGone();
  }

  /** `seen`: seconds since boot, where its going was seen rather than found out later. */
  #wrapperGone(seen?: number): void {
    this.processes.wrapperGone(seen);
    const exit = this.#exit();
    // A wrapper that sees the mark of a stop does not start the script: that is no end of the script's own making.
    if (this.stopToCome !== undefined) this.handle({ is: 'stop', reason: this.stopToCome });
    // A script that lost its output to a full disk has failed for that reason, whatever it made of it.
    const failed = exit.how !== 'exited' || exit.code !== 0;
    if (failed && !this.crashed && this.goesOn && !this.announced && this.context.diskFull())
      this.handle({ is: 'stop', reason: 'disk-full' });
    // Without its wrapper a script may go on: then it is what remains.
    const outlived =
      this.outlives && !this.crashed && exit.how !== 'killed' && this.goesOn && this.processes.recorded;
    this.handle({ is: 'wrapper-gone', exit, outlived });
  }

  #exit(): Exit {
    const status = readStatus(this.layout.status);
    if (this.crashed) return exitAfterCrash(this.announced ? undefined : status);
    return this.idle ? { how: 'exited', code: 0 } : exitOf(status);
  }

  async #watchTree(): Promise<void> {
    // The script's process is still on its way into the cgroup, if there is one at all.
    if (!this.processes.recorded) this.markStop('');
    await watchTree(this.processes, this.#over.signal, () => this.handle({ is: 'tree-left' }));
    this.handle({ is: 'tree-gone', survivors: 0 });
  }

  async #countSurvivors(): Promise<void> {
    this.handle({ is: 'tree-gone', survivors: await this.processes.countAll() });
  }

  async #drain(): Promise<void> {
    if (this.#lines !== undefined) await untilDrained(this.layout, this.#lines.drained, this.context.drainMs);
    this.handle({ is: 'drained' });
  }

  async #settle(): Promise<void> {
    try {
      if (this.#lines !== undefined)
        await untilSettled(this.layout, this.#lines.drained, this.context.drainMs);
    } catch (thrown) {
      this.context.log.warn(
        { member: this.spec.member, err: thrown },
        'what a script left running goes on to write into its logs',
      );
    }
    this.handle({ is: 'drained' });
  }

  async #recordEnd(how: Extract<MemberAction, { do: 'record-end' }>): Promise<void> {
    this.#release();
    await this.closing();
    // Only an empty cgroup goes.
    await this.processes.remove(this.context.cgroupRoot, this.spec.member);
    const told = { ...how, exit: this.toldExit(how.exit) };
    const end = await measureEnd(this.layout, told, this.#record, this.context, this.masks);
    try {
      await replaceFile(this.layout.end, JSON.stringify(end), 0o600);
    } catch (thrown) {
      this.context.log.error(
        { member: this.spec.member, err: thrown },
        'the end of a member cannot be written down',
      );
    }
    this.handle({ is: 'recorded', end });
  }

  #report(end: MemberEnd): void {
    this.#over.abort();
    this.#ended.resolve();
    this.context.onEnded(this.spec.member, end);
  }

  #release(): void {
    this.#rung?.clear();
    this.time.release();
    this.released();
    this.#lines?.close();
  }

  #watch(work: Promise<void>, what: string): void {
    work.catch((thrown: unknown) => {
      if (this.#over.signal.aborted) return;
      this.context.log.error({ member: this.spec.member, err: thrown }, `${what} failed`);
    });
  }
}
