/**
 * One member on this agent: carries out what `member-state.ts` decides, and tells it what happens.
 *
 * Everything that is learnt comes from the kernel or from files of the member directory, so that an agent which finds the
 * directory knows as much as the one that made it. See `Members` for the promises.
 */

import { replaceFile } from '@tutti/link';
import { type MemberEnd, type MemberSpec, type StopReason, TuttiError } from '@tutti/protocol';
import { socketPath } from '../socket/runtime-dir.ts';
import { machineUptime as uptime } from '../system/clock.ts';
import { type Timer, timer } from '../system/timer.ts';
import { commandFor } from './command.ts';
import type { MemberContext } from './context.ts';
import { measureEnd } from './end.ts';
import { LifeLines, launch } from './launch.ts';
import type { Layout } from './layout.ts';
import { MemberProcesses } from './member-processes.ts';
import { MemberSocket, removeSocket } from './member-socket.ts';
import { type MemberAction, type MemberInput, type MemberState, step } from './member-state.ts';
import { newStartRecord, type StartRecord } from './start-record.ts';
import { markStop, readStop } from './stop-mark.ts';
import { exitOf, readStatus } from './traces.ts';

/**
 * Seconds beyond its timeout that a member may run here. The master acts at the timeout itself, because it has to
 * look at who waits for whom before anything is stopped; this watchdog is for when there is no master.
 */
const WATCHDOG_MARGIN = 2;

export class Member {
  readonly spec: MemberSpec;
  readonly layout: Layout;
  readonly #context: MemberContext;
  readonly #processes: MemberProcesses;
  #state: MemberState;
  #record: StartRecord | undefined;
  #socket: MemberSocket | undefined;
  #lines: LifeLines | undefined;
  #starting: Promise<void> | undefined;
  #rung: Timer | undefined;
  #timeout: Timer | undefined;
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
  async start(): Promise<void> {
    this.#handle({ is: 'start' });
    await this.#starting;
  }

  stop(reason: StopReason): void {
    this.#handle({ is: 'stop', reason });
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
    const lines = new LifeLines(this.layout);
    this.#lines = lines;
    if (!lines.alive.isHeld()) {
      this.#state = { at: 'running', stop, rung: 'none' };
      this.#wrapperGone();
      return;
    }
    this.#state = { at: 'running', stop: undefined, rung: 'none' };
    this.#limitTime(record);
    lines.alive.onGone(() => this.#wrapperGone(uptime()));
    // The ladder begins again: how far it was climbed is not written down.
    if (stop !== undefined) this.stop(stop);
    try {
      this.#socket = await MemberSocket.open(record.socket, this.spec, this.layout, this.#context);
    } catch (thrown) {
      // Worse than none would be a member that nobody watches.
      this.#context.log.error(
        { member: this.spec.member, err: thrown },
        'a local socket cannot be opened again',
      );
    }
  }

  /** Leaves the member as it is, for the next agent. */
  async detach(): Promise<void> {
    await this.#starting;
    this.#over.abort();
    this.#release();
    await this.#socket?.detach();
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
        this.#background(this.#processes.terminate(), 'SIGTERM');
        return;
      case 'kill':
        this.#background(this.#processes.kill(), 'SIGKILL');
        return;
      case 'kill-wrapper':
        this.#processes.killWrapper();
        return;
      case 'time-rung':
        this.#rung?.clear();
        this.#rung = timer(this.#context.rungMs, () => this.#handle({ is: 'rung-over' }));
        return;
      case 'watch-tree':
        this.#background(this.#watchTree(), 'watching the processes');
        return;
      case 'count-survivors':
        this.#background(this.#countSurvivors(), 'counting survivors');
        return;
      case 'drain':
        this.#background(this.#drain(), 'draining');
        return;
      case 'record-end':
        this.#background(this.#recordEnd(action), 'recording the end');
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
      await launch(this.spec, this.layout, lines, record, command, this.#context);
      lines.alive.onGone(() => this.#wrapperGone(uptime()));
      this.#limitTime(record);
    } catch (thrown) {
      const known = thrown instanceof TuttiError;
      const message = known ? thrown.message : `the script cannot be started: ${String(thrown)}`;
      this.#handle({ is: 'not-started', message });
      await this.#ended.promise;
    }
  }

  /** Everything that must be there before the script runs. */
  async #arrange(): Promise<{ record: StartRecord; command: string[] }> {
    const context = this.#context;
    const path = this.spec.env.PATH ?? context.machine.path;
    const command = await commandFor(this.spec, this.layout, { nodePath: context.nodePath, path });
    const cgroup = await this.#processes.makeCgroup(context.cgroupRoot, this.spec.member);
    // Written down before it is there: whatever happens, the next agent knows what to remove.
    const record = newStartRecord(context, this.#record?.socket ?? socketPath(context.runtimeDir), cgroup);
    this.remember(record);
    await replaceFile(this.layout.started, JSON.stringify(record), 0o600);
    this.#socket = await MemberSocket.open(record.socket, this.spec, this.layout, context);
    return { record, command };
  }

  #limitTime(record: StartRecord): void {
    const limit = (this.spec.timeout + WATCHDOG_MARGIN) * 1000;
    const left = record.at + limit - this.#context.clock.monotonicMs();
    this.#timeout = timer(left, () => this.stop('timeout'));
  }

  /** `seen`: seconds since boot, where its going was seen rather than found out later. */
  #wrapperGone(seen?: number): void {
    this.#processes.wrapperGone(seen);
    this.#handle({ is: 'wrapper-gone', exit: exitOf(readStatus(this.layout.status)) });
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
    const drained = this.#lines?.drained;
    if (drained !== undefined) {
      const { promise, resolve } = Promise.withResolvers<void>();
      drained.onGone(resolve);
      const patience = timer(this.#context.drainMs, () => {
        // Somebody who is no process of the member holds its output, or the disk is stuck.
        this.#processes.killRelays();
        resolve();
      });
      await promise;
      patience.clear();
    }
    this.#handle({ is: 'drained' });
  }

  async #recordEnd(how: Extract<MemberAction, { do: 'record-end' }>): Promise<void> {
    this.#release();
    await this.#socket?.close();
    await this.#processes.remove(this.#context.cgroupRoot, this.spec.member);
    const end = await measureEnd(this.layout, how, this.#record, this.#context);
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
    this.#timeout?.clear();
    this.#lines?.close();
  }

  #background(work: Promise<void>, what: string): void {
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
