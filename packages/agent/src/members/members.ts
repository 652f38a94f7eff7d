/**
 * All members on this machine.
 *
 * Guarantees: a member starts once, however often it is asked and whichever agent process is asked; an agent that is
 * killed or replaced disturbs no script, and its successor knows how each went on; what has ended is said the same way
 * every time; after `forget` nothing is left, neither process nor file. What the script of a member that `outlives` it left
 * running is ended by `forget`, by whatever stops all members, or by being given up, and by nothing else. Does not guarantee that a start survives the
 * loss of power in the middle of it: that member is then reported as killed.
 *
 * `adopt` comes first and once; before it nothing else may be called.
 */
import { mkdir, rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  Id,
  LIMITS,
  type LogSource,
  type MemberEnd,
  type MemberPresence,
  type MemberSpec,
  type StopReason,
  TuttiError,
} from '@tutti/protocol';
import { Masks } from '../secrets/masks.ts';
import { openRuntimeDir } from '../socket/runtime-dir.ts';
import type { SyncHandler } from '../socket/verbs.ts';
import { cgroupRoot } from '../system/cgroup.ts';
import type { Clock } from '../system/clock.ts';
import type { Log } from '../system/log.ts';
import { findMembers } from './adoption.ts';
import type { MasterRequests, MemberContext } from './context.ts';
import { makeDirectory, removeDirectory } from './directory.ts';
import { Layout, LOG_SOURCES } from './layout.ts';
import { type MachineEnvironment, machineEnvironment } from './machine-environment.ts';
import { Member } from './member.ts';
import { reboot } from './reboot-command.ts';
import { makeTools } from './tools.ts';
import type { Blobs } from './work-tree.ts';

export interface MembersOptions {
  readonly stateDir: string;
  /** The agent's id: names its cgroup. */
  readonly agent: string;
  /** Where local sockets live; default /run/tutti, else a private temporary directory. */
  readonly runtimeDir?: string | undefined;
  readonly nodePath: string;
  /** Holds index.js, package.json, shim.js and python/tutti.py. */
  readonly sdkDir: string;
  readonly cache: Blobs;
  readonly clock: Clock;
  readonly bootId: string;
  readonly log: Log;
  readonly sync: SyncHandler;
  /** Once for each member that ends while this process runs; for earlier ones see `presence` and `end`. */
  readonly onEnded: (member: string, end: MemberEnd) => void;
  readonly machine?: MachineEnvironment | undefined;
  readonly requests: MasterRequests;
  /** Each is a line of shell, tried one after the other; none: machines of this agent are not rebooted. */
  readonly rebootCommands: readonly string[];
  /** Members are stopped, and no more are made, when it says so. */
  readonly diskFull?: (() => boolean) | undefined;
  /** false: processes are known by going through /proc even where cgroups could be had. */
  readonly cgroups?: boolean | undefined;
  /** Seconds. */
  readonly rung?: number | undefined;
  readonly drain?: number | undefined;
  /** Bytes of output a member may write. */
  readonly outputLimit?: number | undefined;
  readonly shell?: MemberContext['shell'] | undefined;
}

export class Members {
  readonly #options: MembersOptions;
  readonly #dir: string;
  readonly #members = new Map<string, Member>();
  readonly #preparing = new Map<string, Promise<void>>();
  readonly #forgetting = new Map<string, Promise<void>>();
  #context: MemberContext | undefined;

  constructor(options: MembersOptions) {
    this.#options = options;
    this.#dir = join(options.stateDir, 'members');
  }

  /** Takes over what an earlier agent left. */
  async adopt(): Promise<void> {
    const { stateDir, nodePath, sdkDir, ...options } = this.#options;
    await mkdir(this.#dir, { recursive: true, mode: 0o755 });
    const context: MemberContext = {
      clock: options.clock,
      bootId: options.bootId,
      log: options.log,
      nodePath,
      tools: await makeTools(stateDir, nodePath, sdkDir),
      machine: options.machine ?? machineEnvironment(),
      shell: options.shell ?? { file: '/bin/sh', args: [] },
      runtimeDir: await openRuntimeDir(stateDir, options.runtimeDir),
      cgroupRoot: options.cgroups === false ? undefined : await cgroupRoot(options.agent),
      sync: options.sync,
      requests: options.requests,
      now: () => ({ boot: options.bootId, at: options.clock.monotonicMs() }),
      allowReboot: (member, byScript) => this.#allowReboot(member, byScript),
      reboot: () => reboot(options.rebootCommands, stateDir),
      diskFull: options.diskFull ?? (() => false),
      onEnded: (member, end) => {
        if (!this.#forgetting.has(member)) options.onEnded(member, end);
      },
      rungMs: (options.rung ?? 5) * 1000,
      drainMs: (options.drain ?? 5) * 1000,
    };
    this.#context = context;
    if (context.cgroupRoot === undefined)
      options.log.info({}, 'no writable cgroup2: processes are found through /proc');
    for (const member of await findMembers(this.#dir, context)) this.#members.set(member.spec.member, member);
    // Nobody else asks for an incarnation after the first: the machine has come back, so its script runs again.
    const resuming = [...this.#members.values()].filter(
      ({ layout, state }) => layout.n > 0 && state.at === 'prepared',
    );
    await Promise.all(resuming.map((member) => member.start()));
  }

  async prepare(spec: MemberSpec): Promise<void> {
    const id = spec.member;
    await this.#forgetting.get(id);
    if (this.#members.has(id)) return;
    let preparing = this.#preparing.get(id);
    if (preparing === undefined) {
      preparing = this.#prepare(spec).finally(() => this.#preparing.delete(id));
      this.#preparing.set(id, preparing);
    }
    await preparing;
  }

  /** Throws `NO_SUCH_MEMBER`; a script that cannot be run is told by the member's end. */
  async start(id: string): Promise<void> {
    const member = this.#members.get(id);
    if (member === undefined)
      throw new TuttiError('NO_SUCH_MEMBER', `member ${id} is not prepared on this agent`);
    await member.start();
  }

  /** Begins the stop ladder; `onEnded` says when it is over. Nothing to do for what is not here any more. */
  stop(id: string, reason: StopReason): void {
    const member = this.#members.get(id);
    member?.stop(reason);
    // The test that it belonged to may be over; what it started is for others.
    if (reason === 'given-up') this.#endOutlived(member);
  }

  /** Ends what runs, and keeps how it ended. */
  stopAll(reason: StopReason): void {
    for (const member of this.#members.values()) {
      if (isLive(member)) member.stop(reason);
      this.#endOutlived(member);
    }
  }

  /** Some member lives here, or what one left. */
  get busy(): boolean {
    return [...this.#members.values()].some((member) => isLive(member) || member.outlived);
  }

  async extended(id: string, remaining: number): Promise<void> {
    await this.#members.get(id)?.extended(remaining);
  }

  /**
   * Announces the reboot of the machine for a member, and begins it. Nothing to do where another incarnation runs, or
   * this one has announced it. Throws `NO_SUCH_MEMBER`, `CANNOT_REBOOT`.
   */
  async reboot(id: string, incarnation: number, timeout: number): Promise<void> {
    const member = this.#members.get(id);
    if (member === undefined) throw new TuttiError('NO_SUCH_MEMBER', `member ${id} is not on this agent`);
    if (member.layout.n !== incarnation) return;
    await member.reboot({ request: `reboot-${id.slice(0, 8)}-${incarnation}`, timeout, byScript: false });
  }

  /** Ended, or never started; with when that was, by the wall clock, oldest first. */
  async idle(): Promise<{ member: string; dir: string; since: number }[]> {
    const idle = [...this.#members.values()].filter((member) => !isLive(member));
    const dated = idle.map(async ({ spec, layout, state }) => {
      const file = state.at === 'ended' ? layout.end : layout.spec;
      const since = await stat(file).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      );
      return { member: spec.member, dir: layout.dir, since };
    });
    return (await Promise.all(dated)).toSorted((a, b) => a.since - b.since);
  }

  /** Ends it if it lives, without reporting it, and removes everything of it. */
  async forget(id: string): Promise<void> {
    let forgetting = this.#forgetting.get(id);
    if (forgetting === undefined) {
      forgetting = this.#forget(id).finally(() => this.#forgetting.delete(id));
      this.#forgetting.set(id, forgetting);
    }
    await forgetting;
  }

  presence(): MemberPresence[] {
    return [...this.#members.values()].map(({ spec, state, layout, rebooting, unanswered }) => ({
      member: spec.member,
      master: spec.master,
      state: state.at === 'prepared' || state.at === 'ended' ? state.at : 'running',
      incarnation: layout.n,
      ...(rebooting === undefined ? {} : { rebooting }),
      ...(unanswered.length === 0 ? {} : { unanswered }),
    }));
  }

  has(id: string): boolean {
    return this.#members.has(id);
  }

  spec(id: string): MemberSpec | undefined {
    return this.#members.get(id)?.spec;
  }

  /** The append-only files of all incarnations, which exist from `prepare` on. */
  logs(id: string): { source: LogSource; incarnation: number; path: string }[] {
    const member = this.#members.get(id);
    if (member === undefined) return [];
    return member.layout.all.flatMap((layout) =>
      LOG_SOURCES.map((source) => ({ source, incarnation: layout.n, path: layout.log(source) })),
    );
  }

  /** What must not be seen of its secrets. */
  masks(id: string): Masks {
    return this.#members.get(id)?.masks ?? new Masks([]);
  }

  /** Where the member left its artifacts. */
  out(id: string): string | undefined {
    return this.#members.get(id)?.layout.out;
  }

  /** Undefined until it has ended. */
  end(id: string): MemberEnd | undefined {
    const state = this.#members.get(id)?.state;
    return state?.at === 'ended' ? state.end : undefined;
  }

  /** To be told by whoever sees the logs grow: all bytes of all of them. */
  noteOutput(id: string, bytes: number): void {
    if (bytes > (this.#options.outputLimit ?? LIMITS.output.value)) this.stop(id, 'output-limit');
  }

  /** The requests that scripts of this machine still wait for. */
  waits(): string[] {
    return [...this.#members.values()].flatMap((member) => member.waits());
  }

  /** `kill`: ends what runs. Otherwise everything goes on, for the next agent to adopt. */
  async close({ kill }: { kill: boolean }): Promise<void> {
    await Promise.allSettled([...this.#preparing.values(), ...this.#forgetting.values()]);
    const members = [...this.#members.values()];
    if (kill) {
      const live = members.filter(isLive);
      for (const member of live) member.stop('cancelled');
      await Promise.all(live.map((member) => member.ended));
      await Promise.all(members.map((member) => member.endOutlived()));
      await Promise.all(members.map((member) => member.removeTraces()));
    }
    await Promise.all(members.map((member) => member.detach()));
    // Only empty ones go: another agent, or members that live on, may be in them.
    const root = this.#context?.cgroupRoot;
    if (root !== undefined) await rmdir(root).catch(() => undefined);
  }

  debugState(): { members: Record<string, string>; preparing: number; forgetting: number; waits: number } {
    return {
      members: Object.fromEntries([...this.#members].map(([id, { state }]) => [id, state.at])),
      preparing: this.#preparing.size,
      forgetting: this.#forgetting.size,
      waits: this.waits().length,
    };
  }

  #endOutlived(member: Member | undefined): void {
    member?.endOutlived().catch((thrown: unknown) => {
      const { member: id } = member.spec;
      this.#options.log.error({ member: id, err: thrown }, 'what a script left running cannot be ended');
    });
  }

  #allowReboot(id: string, byScript: boolean): void {
    const name = this.#members.get(id)?.spec.name ?? id;
    if (!byScript && this.#options.rebootCommands.length === 0)
      throw new TuttiError(
        'CANNOT_REBOOT',
        `${name} cannot reboot its machine: this agent has no reboot command`,
      );
    const others = [...this.#members.values()].filter((member) => member.spec.member !== id && member.goesOn);
    const [other] = others;
    if (other === undefined) return;
    const { spec } = other;
    throw new TuttiError(
      'CANNOT_REBOOT',
      `${name} cannot reboot its machine: ${spec.name} of test "${spec.test}" in run ${spec.run.number} runs on it too`,
    );
  }

  async #prepare(spec: MemberSpec): Promise<void> {
    const context = this.#context;
    if (context === undefined || !Id.safeParse(spec.member).success)
      throw new TuttiError('INTERNAL', 'prepare before adopt');
    const dir = join(this.#dir, spec.member);
    if (context.diskFull())
      throw new TuttiError(
        'DISK_FULL',
        `${dir} is not made: less of its disk is free than members need to run`,
      );
    await makeDirectory(dir, spec, this.#options.cache, this.#options.sdkDir, context.bootId);
    this.#members.set(spec.member, new Member(spec, new Layout(dir), context));
  }

  async #forget(id: string): Promise<void> {
    await this.#preparing.get(id)?.catch(() => undefined);
    const member = this.#members.get(id);
    if (member === undefined) return;
    member.stop('given-up');
    await member.ended;
    await member.endOutlived();
    if (!(await member.removeTraces())) {
      this.#options.log.warn(
        { member: id },
        'processes of a forgotten member cannot be ended; its cgroup stays',
      );
    }
    this.#members.delete(id);
    await removeDirectory(member.layout.dir);
  }
}

/** It is neither still to be started nor at its end. */
function isLive({ state }: Member): boolean {
  return state.at !== 'prepared' && state.at !== 'ended';
}
