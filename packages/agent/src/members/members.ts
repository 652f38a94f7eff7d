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
  type CommandSpec,
  Id,
  LIMITS,
  type LogSource,
  type MemberEnd,
  type MemberPresence,
  type MemberSpec,
  type Signal,
  type StopReason,
  TuttiError,
} from '@tutti/protocol';
import type { Command } from '../commands/command.ts';
import { Commands } from '../commands/commands.ts';
import { Masks } from '../secrets/masks.ts';
import { findMembers } from './adoption.ts';
import type { MemberContext } from './context.ts';
import { makeDirectory, removeDirectory } from './directory.ts';
import { Layout } from './layout.ts';
import { Member } from './member.ts';
import { type MembersOptions, openContext } from './members-options.ts';
import { logsOf, refuseReboot } from './own-command.ts';
import { presenceOf, rebootOf } from './presence.ts';
import { refuseShared } from './reboot.ts';

export type { MembersOptions };

export class Members {
  readonly #options: MembersOptions;
  readonly #dir: string;
  readonly #members = new Map<string, Member>();
  readonly #commands: Commands;
  readonly #preparing = new Map<string, Promise<void>>();
  readonly #forgetting = new Map<string, Promise<string[]>>();
  #context: MemberContext | undefined;

  constructor(options: MembersOptions) {
    this.#options = options;
    this.#dir = join(options.stateDir, 'members');
    this.#commands = new Commands(this.#dir);
  }

  /** Takes over what an earlier agent left. */
  async adopt(): Promise<void> {
    const options = this.#options;
    await mkdir(this.#dir, { recursive: true, mode: 0o755 });
    const context = await openContext(options, {
      allowReboot: (member, byScript) => this.#allowReboot(member, byScript),
      onEnded: (id, end) => {
        const of = this.#commands.get(id)?.of?.spec.member;
        if (!this.#forgetting.has(id) && (of === undefined || !this.#forgetting.has(of)))
          options.onEnded(id, end);
      },
    });
    this.#context = context;
    if (context.cgroupRoot === undefined)
      options.log.info({}, 'no writable cgroup2: processes are found through /proc');
    const found = await findMembers(this.#dir, context);
    for (const member of found.members) this.#members.set(member.spec.member, member);
    for (const command of found.commands) this.#commands.add(command);
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
    if (member.state.at === 'prepared') this.#options.own?.onStart(member.spec, logsOf(member.layout));
    await member.start();
  }

  /** Begins the stop ladder; `onEnded` says when it is over. Nothing to do for what is not here any more. */
  stop(id: string, reason: StopReason): void {
    this.#find(id)?.stop(reason);
    // The test that it belonged to may be over; what it started is for others.
    if (reason === 'given-up') this.#endOutlived(this.#members.get(id));
  }

  /** Ends what runs, and keeps how it ended. */
  stopAll(reason: StopReason): void {
    for (const member of this.#members.values()) {
      if (member.someLive) member.stop(reason);
      this.#endOutlived(member);
    }
    for (const command of this.#commands.ownerless) if (command.isLive) command.stop(reason);
  }

  /** Something lives here that was started, or what it left. */
  get busy(): boolean {
    return this.occupied || this.#commands.ownerless.some(({ isLive }) => isLive);
  }

  /** Some member lives here, one of its commands, or what its script left. */
  get occupied(): boolean {
    return [...this.#members.values()].some((member) => member.someLive || member.outlived);
  }

  /** Starts a command, of the member `spec.of` or of none. Throws `NO_SUCH_MEMBER`, `DISK_FULL`. */
  async startCommand(spec: CommandSpec): Promise<void> {
    const of = spec.of === undefined ? undefined : this.#requireMember(spec.of);
    await this.#forgetting.get(spec.member);
    await this.#commands.start(spec, of, this.#requireContext());
  }

  /** Throws `NO_SUCH_COMMAND`. */
  async killCommand(id: string, request: string, signal: Signal): Promise<void> {
    await this.#commands.kill(id, request, signal);
  }

  /** Where the relative paths of a member start; of nobody's: in the home directory of the agent's user. Throws `NO_SUCH_MEMBER`. */
  startDirectory(of: string | undefined): string {
    return of === undefined ? this.#requireContext().machine.home : this.#requireMember(of).layout.work;
  }

  /** What all members share, and one of them. Throws `NO_SUCH_MEMBER`. */
  place(of: string | undefined): { readonly context: MemberContext; readonly member: Member | undefined } {
    return {
      context: this.#requireContext(),
      member: of === undefined ? undefined : this.#requireMember(of),
    };
  }

  /** The outputs of a command. Throws `NO_SUCH_COMMAND`. */
  searched(id: string): { name: string; logs: string[]; ended: Promise<void> } {
    const { spec, layout, ended } = this.#commands.require(id);
    return { name: spec.name, logs: layout.sources.map((source) => layout.log(source)), ended };
  }

  /** Of a member or of a command. Nothing to do for what has ended. */
  async extended(id: string, remaining: number): Promise<void> {
    const found = this.#find(id);
    if (found?.state.at !== 'ended') await found?.extended(remaining);
  }

  /** Has all processes of a member or of a command stand still, or go on. Throws `NO_SUCH_MEMBER`. */
  async freeze(id: string, frozen: boolean): Promise<void> {
    const found = this.#find(id);
    if (found === undefined) throw new TuttiError('NO_SUCH_MEMBER', `member ${id} is not on this agent`);
    await found.freeze(frozen);
  }

  /**
   * Announces the reboot of the machine for a member, and begins it. Nothing to do where another incarnation runs, or
   * this one has announced it. Throws `NO_SUCH_MEMBER`, `CANNOT_REBOOT`.
   */
  async reboot(id: string, incarnation: number, timeout: number): Promise<void> {
    const member = this.#requireMember(id);
    if (member.layout.n !== incarnation) return;
    await member.reboot({ request: `reboot-${id.slice(0, 8)}-${incarnation}`, timeout, byScript: false });
  }

  /** Ended with all its commands, or never started; with when that was, by the wall clock, oldest first. */
  async idle(): Promise<{ member: string; dir: string; since: number }[]> {
    const members = [...this.#members.values()].filter(({ someLive }) => !someLive);
    const idle = [...members, ...this.#commands.ownerless.filter(({ isLive }) => !isLive)];
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

  /** Ends it if it lives, without reporting it, and removes everything of it, with its commands; resolves with all their ids. */
  async forget(id: string): Promise<string[]> {
    let forgetting = this.#forgetting.get(id);
    if (forgetting === undefined) {
      forgetting = this.#forget(id).finally(() => this.#forgetting.delete(id));
      this.#forgetting.set(id, forgetting);
    }
    return forgetting;
  }

  presence(): MemberPresence[] {
    const members = [...this.#members.values()].map((member) => ({
      ...presenceOf(member),
      ...rebootOf(member),
    }));
    // Thousands that are done with would make a hello too long.
    const commands = this.#commands.all.filter(({ of, collected }) => of === undefined || !collected);
    return [...members, ...commands.map(presenceOf)];
  }

  /** The master has all of it. */
  async noteCollected(id: string): Promise<void> {
    await this.#commands.get(id)?.noteCollected();
  }

  has(id: string): boolean {
    return this.#find(id) !== undefined;
  }

  spec(id: string): MemberSpec | undefined {
    return this.#members.get(id)?.spec;
  }

  /** The append-only files of all incarnations, which exist from `prepare` on. */
  logs(id: string): { source: LogSource; incarnation: number; path: string }[] {
    return (this.#find(id)?.layout.all ?? []).flatMap((layout) =>
      layout.sources.map((source) => ({ source, incarnation: layout.n, path: layout.log(source) })),
    );
  }

  /** What must not be seen of its secrets. */
  masks(id: string): Masks {
    return this.#find(id)?.masks ?? new Masks([]);
  }

  /** Where a member left its artifacts; a command leaves none. */
  out(id: string): string | undefined {
    return this.#members.get(id)?.layout.out;
  }

  /** Undefined until it has ended. */
  end(id: string): MemberEnd | undefined {
    const state = this.#find(id)?.state;
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
    await this.#commands.made();
    const members = [...this.#members.values()];
    const all = [...this.#commands.all, ...members];
    if (kill) {
      // A member's commands are stopped by it, before it.
      const live = members.filter(({ someLive }) => someLive);
      const ownerless = this.#commands.ownerless.filter(({ isLive }) => isLive);
      for (const each of [...live, ...ownerless]) each.stop('cancelled');
      await Promise.all([...live.map((each) => each.allEnded()), ...ownerless.map(({ ended }) => ended)]);
      await Promise.all(members.map((member) => member.endOutlived()));
      await Promise.all(all.map((each) => each.removeTraces()));
    }
    await Promise.all(all.map((each) => each.detach()));
    // Only empty ones go: another agent, or members that live on, may be in them.
    const root = this.#context?.cgroupRoot;
    if (root !== undefined) await rmdir(root).catch(() => undefined);
  }

  debugState(): { members: Record<string, string>; preparing: number; forgetting: number; waits: number } {
    return {
      members: Object.fromEntries(
        [...this.#members.values(), ...this.#commands.all].map(({ spec, state }) => [spec.member, state.at]),
      ),
      preparing: this.#preparing.size,
      forgetting: this.#forgetting.size,
      waits: this.waits().length,
    };
  }

  #requireMember(id: string): Member {
    const member = this.#members.get(id);
    if (member === undefined) throw new TuttiError('NO_SUCH_MEMBER', `member ${id} is not on this agent`);
    return member;
  }

  #requireContext(): MemberContext {
    if (this.#context === undefined) throw new TuttiError('INTERNAL', 'nothing is started before adopt');
    return this.#context;
  }

  #endOutlived(member: Member | undefined): void {
    member?.endOutlived().catch((thrown: unknown) => {
      const { member: id } = member.spec;
      this.#options.log.error({ member: id, err: thrown }, 'what a script left running cannot be ended');
    });
  }

  #allowReboot(id: string, byScript: boolean): void {
    if (this.#options.own !== undefined) refuseReboot(this.#members.get(id)?.spec.name ?? id);
    const command = byScript || this.#options.rebootCommands.length > 0;
    refuseShared(id, [...this.#members.values()], command);
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

  async #forget(id: string): Promise<string[]> {
    await this.#preparing.get(id)?.catch(() => undefined);
    await this.#commands.made();
    const command = this.#commands.get(id);
    if (command !== undefined) return [await this.#forgetCommand(command)];
    const member = this.#members.get(id);
    if (member === undefined) return [id];
    member.stop('given-up');
    await member.allEnded();
    const commands = [];
    for (const each of member.commands) commands.push(await this.#forgetCommand(each));
    await member.endOutlived();
    await this.#removeTraces(member);
    this.#members.delete(id);
    await removeDirectory(member.layout.dir);
    return [id, ...commands];
  }

  async #forgetCommand(command: Command): Promise<string> {
    command.stop('given-up');
    await command.ended;
    await this.#removeTraces(command);
    await this.#commands.remove(command);
    return command.spec.member;
  }

  async #removeTraces(ended: Member | Command): Promise<void> {
    if (await ended.removeTraces()) return;
    this.#options.log.warn(
      { member: ended.spec.member },
      'processes of a forgotten member cannot be ended; its cgroup stays',
    );
  }

  #find(id: string): Member | Command | undefined {
    return this.#members.get(id) ?? this.#commands.get(id);
  }
}
