/**
 * One member on this agent: its script supervised, and beside it what serves a script: its local socket, its reboots, its
 * time, and the commands that were started on its machine for it. See `Members` for the promises.
 */
import type { MemberSpec, RebootPlan, StopReason } from '@tutti/protocol';
import type { Command } from '../commands/command.ts';
import { Masks } from '../secrets/masks.ts';
import { socketPath } from '../socket/runtime-dir.ts';
import type { SyncHandler } from '../socket/verbs.ts';
import { Background } from './background.ts';
import { commandFor } from './command.ts';
import type { MemberContext } from './context.ts';
import { environmentOf } from './environment.ts';
import { makeIncarnation } from './incarnation.ts';
import type { Layout } from './layout.ts';
import { MemberSocket, removeSocket } from './member-socket.ts';
import type { MemberState } from './member-state.ts';
import { commandLine } from './own-command.ts';
import { Reboot, type RebootRequest } from './reboot.ts';
import type { StartRecord } from './start-record.ts';
import { Supervised } from './supervised.ts';
import { WATCHDOG_MARGIN_MS } from './time-limit.ts';
import { Unanswered, type UnansweredArrival } from './unanswered.ts';

export class Member extends Supervised<MemberSpec> {
  /** Those that have a directory in this member's. */
  readonly commands = new Set<Command>();
  readonly #unanswered: Unanswered;
  readonly #background: Background;
  readonly #reboot: Reboot;
  #socket: MemberSocket | undefined;
  #stopping: StopReason | undefined;

  constructor(
    spec: MemberSpec,
    layout: Layout,
    context: MemberContext,
    state: MemberState = { at: 'prepared' },
  ) {
    super(spec, layout, context, state, WATCHDOG_MARGIN_MS);
    this.#unanswered = new Unanswered(layout);
    this.#background = new Background({
      member: spec.member,
      processes: this.processes,
      rungMs: context.rungMs,
      log: context.log,
    });
    this.#reboot = new Reboot({
      spec,
      layout,
      context,
      time: this.time,
      unanswered: this.#unanswered,
      over: this.over,
      goesOn: () => this.goesOn,
      record: () => this.record,
      onAnnounced: () => {
        this.handle({ is: 'reboot', byScript: true });
        return 'reboot' in this.state && this.state.reboot;
      },
      begin: () => this.#beginReboot(),
      isDown: () => this.state.at === 'rebooting',
      note: async (event) => this.#socket?.note(event),
      close: async () => {
        await this.#socket?.close();
        await this.processes.remove(context.cgroupRoot, spec.member);
      },
      onFailed: (message) => this.handle({ is: 'not-rebooted', message }),
    });
  }

  override get masks(): Masks {
    return new Masks(Object.values(this.spec.secrets ?? {}));
  }

  /** The requests that have a living caller. */
  waits(): string[] {
    return this.#socket?.pending() ?? [];
  }

  /** Announced, and neither done nor failed. */
  get rebooting(): RebootPlan | undefined {
    return this.state.at === 'ended' ? undefined : this.#reboot.plan;
  }

  /** Arrivals at barriers that the incarnation before this one was not told of when its machine went down. */
  get unanswered(): UnansweredArrival[] {
    const before = this.layout.all.at(-2);
    return before === undefined ? [] : Unanswered.read(before);
  }

  override get goesOn(): boolean {
    return super.goesOn && this.#stopping === undefined;
  }

  protected override get stopToCome(): StopReason | undefined {
    return super.goesOn ? this.#stopping : undefined;
  }

  /** It has ended, and what its script started may live on. */
  get outlived(): boolean {
    const { boot } = this.record ?? {};
    return (
      this.outlives && this.state.at === 'ended' && boot === this.context.bootId && !this.#background.over
    );
  }

  /** Commands run on its machine, or may be started there: it runs, or its script has ended by itself. */
  get takesCommands(): boolean {
    const { state } = this;
    if (this.#stopping !== undefined || this.#reboot.announced) return false;
    return state.at === 'running' ? state.stop === undefined : state.at !== 'prepared' && !wasStopped(state);
  }

  /** Commands first: they may need what the script runs. The first reason counts. */
  override stop(reason: StopReason): void {
    const live = this.#liveCommands();
    if (this.#stopping !== undefined) return;
    if (live.length === 0) {
      super.stop(reason);
      return;
    }
    if (this.goesOn) {
      this.#stopping = reason;
      this.markStop(reason);
    }
    for (const command of live) command.stop(reason);
    void Promise.all(live.map((command) => command.ended)).then(() => super.stop(reason));
  }

  /** It lives, or a command of it does. */
  get someLive(): boolean {
    return this.isLive || this.#liveCommands().length > 0;
  }

  /** Resolves when it and all its commands have ended. */
  async allEnded(): Promise<void> {
    await Promise.all([...this.commands].map((command) => command.ended));
    await this.ended;
  }

  /** Resolves when nothing lives on of what a script left that its member outlives. */
  async endOutlived(): Promise<void> {
    if (!this.outlived) return;
    this.processes.wrapperGone();
    await this.#background.end();
  }

  /**
   * Announces a reboot, first on disk and then to the master, and begins it unless the script does that. Throws
   * `CANNOT_REBOOT`. Announced twice is announced once.
   */
  async reboot(request: RebootRequest): Promise<void> {
    await this.#reboot.announce(request);
  }

  /** Resolves with the seconds that the test has left when the master has given it more. */
  async extend(request: string, seconds: number, signal: AbortSignal): Promise<number> {
    const remaining = await this.context.requests.extend(this.spec.member, request, seconds, signal);
    await this.extended(remaining);
    return remaining;
  }

  override async adopt(record: StartRecord): Promise<void> {
    this.#reboot.resume();
    await super.adopt(record);
    await this.#reboot.continue();
  }

  override async removeTraces(): Promise<boolean> {
    if (this.record?.socket !== undefined) await removeSocket(this.record.socket);
    return super.removeTraces();
  }

  /** What its script finds, and every command with more or other variables. */
  override environment(
    record: StartRecord | undefined = this.record,
    env: Record<string, string> = {},
  ): Record<string, string> {
    const { tools, machine } = this.context;
    const { spec, layout } = this;
    const left = layout.n === 0 ? spec.timeout : Math.max(0, Math.round(this.time.left) / 1000);
    const places = { ...tools, ...layout.places, socket: record?.socket ?? '' };
    const given = { ...spec, env: { ...spec.env, ...env } };
    return environmentOf(given, places, machine, layout.n, left, this.context.own?.env);
  }

  protected override get stdin(): number | undefined {
    return this.context.own?.stdin;
  }

  protected override get idle(): boolean {
    return this.spec.script.kind === 'none';
  }

  protected override get outlives(): boolean {
    return this.spec.outlives === true;
  }

  protected override get announced(): boolean {
    return this.#reboot.announced;
  }

  protected override async command(): Promise<readonly string[]> {
    const { nodePath, machine, own, tools } = this.context;
    if (own !== undefined) return commandLine(own);
    const path = this.spec.env.PATH ?? machine.path;
    return commandFor(this.spec, this.layout, { nodePath, path, preload: tools.preload });
  }

  protected override socketPath(before: StartRecord | undefined): string {
    return before?.socket ?? socketPath(this.context.runtimeDir);
  }

  protected override async open(record: StartRecord): Promise<void> {
    const { context } = this;
    const sync: SyncHandler = (...asked) => this.#unanswered.watch(context.sync, ...asked);
    this.#socket = await MemberSocket.open(
      record.socket ?? socketPath(context.runtimeDir),
      this.spec,
      this.layout,
      { ...context, sync },
      {
        reboot: (request) => this.reboot(request),
        rebootOther: ({ request, other, timeout }, signal) =>
          context.requests.rebootOther(this.spec.member, request, other, timeout, signal),
        extend: (request, seconds, signal) => this.extend(request, seconds, signal),
        drive: (request, signal) => context.requests.drive({ member: this.spec.member, ...request }, signal),
      },
    );
  }

  protected override async makeReady(): Promise<void> {
    if (this.layout.n > 0) await makeIncarnation(this.layout);
  }

  protected override async closing(): Promise<void> {
    await this.#socket?.close();
  }

  protected override async leaving(): Promise<void> {
    await this.#socket?.detach();
  }

  protected override async goDown(): Promise<void> {
    await this.#reboot.goDown();
  }

  protected override released(): void {
    this.#reboot.release();
  }

  #liveCommands(): Command[] {
    return [...this.commands].filter(({ state }) => state.at !== 'ended');
  }

  #beginReboot(): void {
    const begin = () => this.handle({ is: 'reboot', byScript: false });
    const live = this.#liveCommands();
    if (live.length === 0) {
      begin();
      return;
    }
    for (const command of live) command.endForReboot();
    void Promise.all(live.map((command) => command.ended)).then(begin);
  }
}

function wasStopped(state: MemberState): boolean {
  if (state.at === 'ended') return state.end.stopped !== undefined;
  return 'stop' in state ? state.stop !== undefined : state.at === 'rebooting';
}
