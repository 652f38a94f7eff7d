/** The commands on this machine: each starts once, however often it is asked and whichever agent process is asked. */
import { join } from 'node:path';
import { type CommandSpec, Id, type Signal, TuttiError } from '@tutti/protocol';
import type { MemberContext } from '../members/context.ts';
import { removeDirectory } from '../members/directory.ts';
import type { Member } from '../members/member.ts';
import { Command, startDirectory } from './command.ts';
import { makeCommandDirectory } from './command-directory.ts';
import { CommandLayout, commandDirectory } from './command-layout.ts';

export class Commands {
  /** Holds the directories of members, and of commands that belong to none. */
  readonly #dir: string;
  readonly #commands = new Map<string, Command>();
  readonly #making = new Map<string, Promise<Command>>();

  constructor(dir: string) {
    this.#dir = dir;
  }

  get(id: string): Command | undefined {
    return this.#commands.get(id);
  }

  get all(): Command[] {
    return [...this.#commands.values()];
  }

  /** Of no member. */
  get ownerless(): Command[] {
    return this.all.filter(({ of }) => of === undefined);
  }

  /** What an earlier agent has left. */
  add(command: Command): void {
    this.#commands.set(command.spec.member, command);
    command.of?.commands.add(command);
  }

  /** Resolves when it runs, or when its end says that it cannot. Throws `NO_SUCH_MEMBER`, `DISK_FULL`. */
  async start(spec: CommandSpec, of: Member | undefined, context: MemberContext): Promise<void> {
    const id = spec.member;
    const known = this.#commands.get(id);
    const command = known ?? (await this.#make(spec, of, context));
    await command.start();
  }

  /** Throws `NO_SUCH_COMMAND`. */
  require(id: string): Command {
    const command = this.#commands.get(id);
    if (command !== undefined) return command;
    throw new TuttiError('NO_SUCH_COMMAND', `command ${id} is not on this machine, or has been tidied away`);
  }

  async kill(id: string, request: string, signal: Signal): Promise<void> {
    await this.#making.get(id)?.catch(() => undefined);
    await this.require(id).kill(request, signal);
  }

  /** It has ended: nothing of it is kept. */
  async remove(command: Command): Promise<void> {
    this.#commands.delete(command.spec.member);
    command.of?.commands.delete(command);
    await removeDirectory(command.layout.dir);
  }

  /** Settles when none is being made. */
  async made(): Promise<void> {
    await Promise.allSettled(this.#making.values());
  }

  async #make(spec: CommandSpec, of: Member | undefined, context: MemberContext): Promise<Command> {
    const id = spec.member;
    let making = this.#making.get(id);
    if (making === undefined) {
      making = this.#makeNew(spec, of, context).finally(() => this.#making.delete(id));
      this.#making.set(id, making);
    }
    return making;
  }

  async #makeNew(spec: CommandSpec, of: Member | undefined, context: MemberContext): Promise<Command> {
    if (!Id.safeParse(spec.member).success) throw new TuttiError('BAD_PARAMS', 'a command needs an id');
    // What it speaks by is there when its member has started.
    await of?.whenStarted();
    requireOpen(of);
    const dir =
      of === undefined ? join(this.#dir, spec.member) : commandDirectory(of.layout.dir, spec.number);
    if (context.diskFull())
      throw new TuttiError(
        'DISK_FULL',
        `${dir} is not made: less of its disk is free than members need to run`,
      );
    const taken = this.all.find(({ layout }) => layout.dir === dir);
    if (taken !== undefined)
      throw new TuttiError('BAD_PARAMS', `${dir} is the directory of another command, ${taken.spec.name}`);
    await makeCommandDirectory(dir, spec, startDirectory(spec, of, context.machine.home), context.bootId);
    const command = new Command(spec, new CommandLayout(dir), of, context);
    this.add(command);
    // It was stopped meanwhile, and did not know of this one.
    if (of?.takesCommands === false) command.stop('test-over');
    return command;
  }
}

function requireOpen(of: Member | undefined): void {
  if (of === undefined || of.takesCommands) return;
  const { name, node } = of.spec;
  const why =
    of.state.at === 'prepared'
      ? 'has not been started yet'
      : of.rebooting === undefined
        ? 'has been stopped'
        : 'is about to reboot';
  throw new TuttiError('NO_SUCH_MEMBER', `no command is started on ${node}: ${name} ${why}`);
}
