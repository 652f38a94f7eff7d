/**
 * One member on this agent: carries out what `member-state.ts` decides, and tells it what happens.
 *
 * Everything that is learnt comes from the kernel or from files of the member directory, so that an agent which finds the
 * directory knows as much as the one that made it. See `Members` for the promises.
 */

import { rm } from 'node:fs/promises';
import { diskError, replaceFile } from '@tutti/link';
import {
  type MemberEnd,
  type MemberSpec,
  type RebootPlan,
  type StopReason,
  TuttiError,
} from '@tutti/protocol';
import { Masks } from '../secrets/masks.ts';
import { socketPath } from '../socket/runtime-dir.ts';
import type { SyncHandler } from '../socket/verbs.ts';
import { since } from '../system/checkpoint.ts';
import { machineUptime as uptime } from '../system/clock.ts';
import { syncTree } from '../system/durable.ts';
import { type Timer, timer } from '../system/timer.ts';
import { Background } from './background.ts';
import { commandFor } from './command.ts';
import type { MemberContext } from './context.ts';
import { measureEnd } from './end.ts';
import { makeIncarnation } from './incarnation.ts';
import { LifeLines, launch } from './launch.ts';
import type { Layout } from './layout.ts';
import { MemberProcesses } from './member-processes.ts';
import { MemberSocket, removeSocket } from './member-socket.ts';
import { type MemberAction, type MemberInput, type MemberState, step } from './member-state.ts';
import { untilDrained, untilSettled } from './output.ts';
import { markReboot, type RebootMark, readRebootMark } from './reboot-mark.ts';
import { newStartRecord, type StartRecord } from './start-record.ts';
import { markStop, readStop } from './stop-mark.ts';
import { TimeLimit } from './time-limit.ts';
import { exitAfterCrash, exitOf, readStatus } from './traces.ts';
import { Unanswered, type UnansweredArrival } from './unanswered.ts';

/** A reboot that was asked for by this member's script, or by another one's. */
export interface RebootRequest extends RebootPlan {
  readonly request: string;
}

export class Member {
  readonly spec: MemberSpec;
  readonly layout: Layout;
  readonly #context: MemberContext;
  readonly #processes: MemberProcesses;
  readonly #unanswered: Unanswered;
  readonly #background: Background;
  readonly #time: TimeLimit;
  #state: MemberState;
  #record: StartRecord | undefined;
  #socket: MemberSocket | undefined;
  #lines: LifeLines | undefined;
  #starting: Promise<void> | undefined;
  #rung: Timer | undefined;
  #patience: Timer | undefined;
  #mark: RebootMark | undefined;
  #announcing: Promise<void> = Promise.resolve();
  /** Ends every wait of this object when the member has ended or the agent leaves it alone. */
  readonly #over = new AbortController();
  readonly #ended = Promise.withResolvers<void>();

  constructor(
    spec: MemberSpec,
    layout: Layout,
    context: MemberContext,
    state: MemberState = { at: 'prepared' },
  ) {
    this.spec = spec;
    this.layout = layout;
    this.#context = context;
    this.#state = state;
    this.#processes = new MemberProcesses(layout, context.bootId);
    this.#unanswered = new Unanswered(layout);
    this.#background = new Background({
      member: spec.member,
      processes: this.#processes,
      rungMs: context.rungMs,
      log: context.log,
    });
    this.#time = new TimeLimit({
      member: spec.member,
      layout,
      timeout: spec.timeout,
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

  /** The requests that have a living caller. */
  waits(): string[] {
    return this.#socket?.pending() ?? [];
  }

  /** Resolves when the wrapper runs, or when the member's end says that it cannot. */
  /** What must not be seen of its secrets. */
  get masks(): Masks {
    return new Masks(Object.values(this.spec.secrets ?? {}));
  }

  async start(): Promise<void> {
    this.#handle({ is: 'start' });
    await this.#starting;
  }

  stop(reason: StopReason): void {
    this.#handle({ is: 'stop', reason });
  }

  /** Announced, and neither done nor failed. */
  get rebooting(): RebootPlan | undefined {
    if (this.#mark === undefined || this.#state.at === 'ended') return undefined;
    const { timeout, byScript } = this.#mark;
    return { timeout, byScript };
  }

  /** Arrivals at barriers that the incarnation before this one was not told of when its machine went down. */
  get unanswered(): UnansweredArrival[] {
    const before = this.layout.all.at(-2);
    return before === undefined ? [] : Unanswered.read(before);
  }

  /** It runs, and nobody has told it to stop. */
  get goesOn(): boolean {
    return this.#state.at === 'running' && this.#state.stop === undefined;
  }

  /** It has ended, and what its script started may live on. */
  get outlived(): boolean {
    const { boot } = this.#record ?? {};
    return (
      this.spec.outlives === true &&
      this.#state.at === 'ended' &&
      boot === this.#context.bootId &&
      !this.#background.over
    );
  }

  /** Resolves when nothing lives on of what a script left that its member outlives. */
  async endOutlived(): Promise<void> {
    if (!this.outlived) return;
    this.#processes.wrapperGone();
    await this.#background.end();
  }

  /**
   * Announces a reboot, first on disk and then to the master, and begins it unless the script does that. Throws
   * `CANNOT_REBOOT`. Announced twice is announced once.
   */
  async reboot(request: RebootRequest): Promise<void> {
    const announce = () => this.#announce(request);
    this.#announcing = this.#announcing.then(announce, announce);
    await this.#announcing;
  }

  /** Resolves with the seconds that the test has left when the master has given it more. */
  async extend(request: string, seconds: number, signal: AbortSignal): Promise<number> {
    const remaining = await this.#context.requests.extend(this.spec.member, request, seconds, signal);
    await this.extended(remaining);
    return remaining;
  }

  /** From now on the test has so many seconds left. */
  async extended(remaining: number): Promise<void> {
    this.#time.arm(remaining * 1000);
    await this.#time.trySave();
  }

  /** What an earlier agent wrote down: says what is still to be removed. */
  remember(record: StartRecord): void {
    this.#record = record;
    this.#processes.use(record);
  }

  /** Goes on where an earlier agent left: `record` is what that one wrote when it started the member. */
  async adopt(record: StartRecord): Promise<void> {
    this.remember(record);
    const stop = readStop(this.layout);
    this.#mark = readRebootMark(this.layout);
    const reboot = this.#mark !== undefined;
    if (reboot) this.#unanswered.resume();
    this.#state = { at: 'running', stop, rung: 'none', reboot };
    if (this.#crashed) {
      this.#wrapperGone();
      return;
    }
    const lines = new LifeLines(this.layout);
    this.#lines = lines;
    this.#time.arm();
    if (!lines.alive.isHeld()) {
      this.#wrapperGone();
      return;
    }
    this.#state = { at: 'running', stop: undefined, rung: 'none', reboot };
    lines.alive.onGone(() => this.#wrapperGone(uptime()));
    // The ladder begins again: how far it was climbed is not written down.
    if (stop !== undefined) this.stop(stop);
    try {
      this.#socket = await this.#openSocket(record);
      // The agent before this one may have been killed just before it did.
      await this.#noteReboot();
    } catch (thrown) {
      // Worse than none would be a member that nobody watches.
      this.#context.log.error(
        { member: this.spec.member, err: thrown },
        'a local socket cannot be opened again',
      );
    }
    if (this.#mark?.byScript === false) this.#handle({ is: 'reboot', byScript: false });
  }

  /** Leaves the member as it is, for the next agent. */
  async detach(): Promise<void> {
    await this.#starting;
    this.#over.abort();
    this.#release();
    await this.#socket?.detach();
    await this.#time.saved;
  }

  /** Removes what the kernel holds for it; false when processes live on in its cgroup. */
  async removeTraces(): Promise<boolean> {
    if (this.#record !== undefined) await removeSocket(this.#record.socket);
    return this.#processes.remove(this.#context.cgroupRoot, this.spec.member);
  }

  #handle(input: MemberInput): void {
    if (this.#over.signal.aborted) return;
    const before = this.#state.at;
    const { state, actions } = step(this.#state, input);
    this.#state = state;
    if (before !== state.at)
      this.#context.log.debug({ member: this.spec.member, state: state.at, input: input.is }, 'member');
    for (const action of actions) this.#carryOut(action);
  }

  #carryOut(action: MemberAction): void {
    switch (action.do) {
      case 'spawn':
        this.#starting = this.#spawn();
        return;
      case 'record-stop':
        this.#markStop(action.reason);
        return;
      case 'terminate':
        this.#watch(this.#processes.terminate(), 'SIGTERM');
        return;
      case 'kill':
        this.#watch(this.#processes.kill(), 'SIGKILL');
        return;
      case 'kill-wrapper':
        this.#processes.killWrapper();
        return;
      case 'time-rung':
        this.#rung?.clear();
        this.#rung = timer(this.#context.rungMs, () => this.#handle({ is: 'rung-over' }));
        return;
      case 'watch-tree':
        this.#watch(this.#watchTree(), 'watching the processes');
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
        this.#watch(this.#goDown(), 'rebooting');
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
      const { record, command } = await this.#arrange();
      const lines = new LifeLines(this.layout);
      this.#lines = lines;
      this.#time.arm();
      const { n } = this.layout;
      const left = n === 0 ? this.spec.timeout : Math.max(0, Math.round(this.#time.left) / 1000);
      await launch(this.spec, this.layout, lines, record, command, this.#context, left);
      lines.alive.onGone(() => this.#wrapperGone(uptime()));
    } catch (thrown) {
      const error = diskError(this.layout.dir, thrown);
      const known = thrown instanceof TuttiError || error.code === 'DISK_FULL';
      const message = known ? error.message : `the script cannot be started: ${String(thrown)}`;
      this.#handle({ is: 'not-started', message });
      await this.#ended.promise;
    }
  }

  /** Everything that must be there before the script runs. */
  async #arrange(): Promise<{ record: StartRecord; command: string[] }> {
    const context = this.#context;
    if (this.layout.n > 0) await makeIncarnation(this.layout);
    const path = this.spec.env.PATH ?? context.machine.path;
    const command = await commandFor(this.spec, this.layout, { nodePath: context.nodePath, path });
    const cgroup = await this.#processes.makeCgroup(context.cgroupRoot, this.spec.member);
    // Written down before it is there: whatever happens, the next agent knows what to remove.
    const record = newStartRecord(context, this.#record?.socket ?? socketPath(context.runtimeDir), cgroup);
    this.remember(record);
    await replaceFile(this.layout.started, JSON.stringify(record), 0o600);
    this.#socket = await this.#openSocket(record);
    return { record, command };
  }

  #openSocket(record: StartRecord): Promise<MemberSocket> {
    const context = this.#context;
    const sync: SyncHandler = (...asked) => this.#unanswered.watch(context.sync, ...asked);
    return MemberSocket.open(
      record.socket,
      this.spec,
      this.layout,
      { ...context, sync },
      {
        reboot: (request) => this.reboot(request),
        rebootOther: ({ request, other, timeout }, signal) =>
          this.#context.requests.rebootOther(this.spec.member, request, other, timeout, signal),
        extend: (request, seconds, signal) => this.extend(request, seconds, signal),
      },
    );
  }

  async #announce({ request, timeout, byScript }: RebootRequest): Promise<void> {
    const context = this.#context;
    const { member, name } = this.spec;
    // Twice; but the agent may still be asked to do what the script has only said it would.
    if (this.#mark !== undefined && (byScript || !this.#mark.byScript)) return;
    context.allowReboot(member, byScript);
    if (!this.goesOn)
      throw new TuttiError('CANNOT_REBOOT', `${name} is about to end; nothing is rebooted for it`);
    const { at } = context.now();
    const ran = this.#record === undefined ? 0 : since(this.#record, context.now()) + this.#ranBefore();
    const mark = { at, timeout, byScript, request, ran };
    try {
      await this.#time.save();
      await this.#unanswered.record();
      // The next incarnation needs all of it, and from the announcement on the machine may go down at any time.
      await syncTree(this.layout.dir);
      await markReboot(this.layout, mark);
    } catch (thrown) {
      if (this.#mark === undefined) await this.#unanswered.discard();
      throw diskError(this.layout.dir, thrown);
    }
    this.#handle({ is: 'reboot', byScript: true });
    if (!('reboot' in this.#state) || !this.#state.reboot) {
      // It has ended meanwhile, or was stopped: that is what happened to it.
      await rm(this.layout.reboot, { force: true });
      await this.#unanswered.discard();
      throw new TuttiError('CANNOT_REBOOT', `${name} has ended; nothing is rebooted for it`);
    }
    this.#mark = mark;
    await this.#noteReboot();
    const plan = { timeout, byScript };
    await context.requests
      .rebooting(member, this.layout.n, plan, this.#over.signal)
      .catch((thrown: unknown) => {
        // Its next hello says it again.
        context.log.info({ member, err: thrown }, 'the master does not know of a reboot yet');
      });
    context.log.info({ member, byScript }, `${name} reboots this machine`);
    if (!byScript) this.#handle({ is: 'reboot', byScript: false });
  }

  /** For the report. Once, however often it is said. */
  async #noteReboot(): Promise<void> {
    if (this.#mark === undefined) return;
    const { at, request, timeout, byScript } = this.#mark;
    await this.#socket?.note({ event: 'reboot', at, request, timeout, byScript });
  }

  #ranBefore(): number {
    const before = this.layout.all.at(-2);
    return before === undefined ? 0 : (readRebootMark(before)?.ran ?? 0);
  }

  /** Nothing of the member lives any more. */
  async #goDown(): Promise<void> {
    const { layout, spec } = this;
    const mark = this.#mark;
    if (mark === undefined) throw new Error('no reboot was announced');
    const failed = (message: string) => this.#handle({ is: 'not-rebooted', message });
    const elapsed = this.#context.clock.monotonicMs() - mark.at;
    this.#patience = timer(mark.timeout * 1000 - elapsed, () => {
      const whose = mark.byScript ? 'the script announced that it would reboot it' : 'its reboot began';
      failed(`its machine is still up ${mark.timeout} s after ${whose}`);
    });
    await this.#socket?.close();
    await this.#processes.remove(this.#context.cgroupRoot, spec.member);
    if (this.#over.signal.aborted) return;
    await this.#time.trySave();
    await syncTree(layout.dir);
    // A later agent of this boot does it, if this one is leaving.
    if (mark.byScript || this.#over.signal.aborted || this.#state.at !== 'rebooting') return;
    try {
      await this.#context.reboot();
    } catch (thrown) {
      failed(thrown instanceof Error ? thrown.message : String(thrown));
    }
  }

  /** `seen`: seconds since boot, where its going was seen rather than found out later. */
  #wrapperGone(seen?: number): void {
    this.#processes.wrapperGone(seen);
    const status = readStatus(this.layout.status);
    const crashed = this.#crashed;
    const exit = crashed ? exitAfterCrash(this.#mark === undefined ? status : undefined) : exitOf(status);
    // A script that lost its output to a full disk has failed for that reason, whatever it made of it.
    const failed = exit.how !== 'exited' || exit.code !== 0;
    if (failed && !crashed && this.goesOn && this.#mark === undefined && this.#context.diskFull())
      this.#handle({ is: 'stop', reason: 'disk-full' });
    // Without its wrapper a script may go on: then it is what remains.
    const outlived =
      this.spec.outlives === true &&
      !crashed &&
      exit.how !== 'killed' &&
      this.goesOn &&
      this.#processes.recorded;
    this.#handle({ is: 'wrapper-gone', exit, outlived });
  }

  /** Its machine has gone down since it was started. */
  get #crashed(): boolean {
    return this.#record !== undefined && this.#record.boot !== this.#context.bootId;
  }

  #markStop(reason: StopReason | ''): void {
    try {
      markStop(this.layout, reason);
    } catch (thrown) {
      this.#context.log.warn({ member: this.spec.member, err: thrown }, 'a stop cannot be written down');
    }
  }

  async #watchTree(): Promise<void> {
    if (!this.#processes.recorded) {
      // The script's process is still on its way into the cgroup, if there is one at all.
      this.#markStop('');
    }
    const gone = this.#processes.gone(this.#over.signal);
    gone.catch(() => undefined);
    const left = (await this.#processes.count()) > 0 || !(await soon(gone));
    if (left) this.#handle({ is: 'tree-left' });
    await gone;
    this.#handle({ is: 'tree-gone', survivors: 0 });
  }

  async #countSurvivors(): Promise<void> {
    this.#handle({ is: 'tree-gone', survivors: await this.#processes.countAll() });
  }

  async #drain(): Promise<void> {
    if (this.#lines !== undefined)
      await untilDrained(this.layout, this.#lines.drained, this.#context.drainMs);
    this.#handle({ is: 'drained' });
  }

  async #settle(): Promise<void> {
    try {
      if (this.#lines !== undefined)
        await untilSettled(this.layout, this.#lines.drained, this.#context.drainMs);
    } catch (thrown) {
      this.#context.log.warn(
        { member: this.spec.member, err: thrown },
        'what a script left running goes on to write into its logs',
      );
    }
    this.#handle({ is: 'drained' });
  }

  async #recordEnd(how: Extract<MemberAction, { do: 'record-end' }>): Promise<void> {
    this.#release();
    await this.#socket?.close();
    // Only an empty cgroup goes.
    await this.#processes.remove(this.#context.cgroupRoot, this.spec.member);
    const end = await measureEnd(this.layout, how, this.#record, this.#context, this.masks);
    try {
      await replaceFile(this.layout.end, JSON.stringify(end), 0o600);
    } catch (thrown) {
      this.#context.log.error(
        { member: this.spec.member, err: thrown },
        'the end of a member cannot be written down',
      );
    }
    this.#handle({ is: 'recorded', end });
  }

  #report(end: MemberEnd): void {
    this.#over.abort();
    this.#ended.resolve();
    this.#context.onEnded(this.spec.member, end);
  }

  #release(): void {
    this.#rung?.clear();
    this.#time.release();
    this.#patience?.clear();
    this.#lines?.close();
  }

  #watch(work: Promise<void>, what: string): void {
    work.catch((thrown: unknown) => {
      if (this.#over.signal.aborted) return;
      this.#context.log.error({ member: this.spec.member, err: thrown }, `${what} failed`);
    });
  }
}

/** A moment for processes that are just ending: nothing is signalled that goes by itself. */
async function soon(gone: Promise<void>): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const patience = timer(50, () => resolve(false));
  const came = await Promise.race([promise, gone.then(() => true)]);
  patience.clear();
  return came;
}
