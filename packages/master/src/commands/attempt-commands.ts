/**
 * The commands of one attempt, on the machines of its members.
 *
 * Guarantees: the same request starts one command, across restarts of agents and of the master; each command has its own
 * number within its member; at the end none is left that anybody knows of. Of many, agents keep only those that ended last:
 * how the others ended, and what they wrote, is here.
 */
import type { Clock, Logger } from '@tutti/link';
import {
  type CommandSpec,
  LIMITS,
  type NodeArgs,
  type NodeResult,
  type StopReason,
  TuttiError,
} from '@tutti/protocol';
import type { MemberFiles } from '../logs/member-files.ts';
import type { MemberUnderWay } from '../runs/live-member.ts';
import type { LiveMembers } from '../runs/members.ts';
import type { AttemptRun, CommandRun } from '../runs/model.ts';
import { commandEnd } from './command-end.ts';
import { commandId, lineOf, titleOf } from './command-names.ts';
import { type CommandStep, CommandUnderWay } from './live-command.ts';

export interface AttemptCommandsDeps {
  readonly master: string;
  readonly clock: Clock;
  readonly live: LiveMembers;
  readonly log: Logger;
  readonly files: (command: CommandRun) => MemberFiles;
  /** Where they are. */
  readonly dir: (command: CommandRun) => string;
  /** Those that its members have: not to be seen in names and command lines. */
  readonly secrets: () => Promise<readonly string[]>;
  /** Makes what has become of a command durable. */
  readonly keep: (step: CommandStep, command: CommandRun) => Promise<void>;
  readonly changed: () => void;
}

/** So many that have ended agents go on keeping, for who waits for a line of what they wrote. */
const KEPT = 200;

/** Who asks for a command, once for each request. */
export interface Asker {
  /** `driver.0`; absent: an operator. */
  readonly by?: string;
  readonly request: string;
}

interface Wanted extends Asker {
  readonly target: MemberUnderWay;
  readonly args: NodeArgs<'start'>;
  /** Seconds until the test times out. */
  readonly left: number;
}

export class AttemptCommands {
  readonly #attempt: AttemptRun;
  readonly #members: readonly MemberUnderWay[];
  readonly #deps: AttemptCommandsDeps;
  /** Of all, what has become of them. */
  readonly #models = new Map<string, CommandRun>();
  /** All but those that ended long ago. */
  readonly #commands = new Map<string, CommandUnderWay>();
  /** How many each member has. */
  readonly #counts = new Map<string, number>();
  #secrets: Promise<readonly string[]> | undefined;

  constructor(attempt: AttemptRun, members: readonly MemberUnderWay[], deps: AttemptCommandsDeps) {
    this.#attempt = attempt;
    this.#members = members;
    this.#deps = deps;
    for (const model of attempt.commands) this.#add(model);
  }

  /** What an earlier master had begun. */
  goOn(): void {
    for (const command of this.#commands.values())
      command
        .start(() => this.#spec(command.model))
        .catch((error: unknown) => this.#log(command.name, error));
  }

  async start(wanted: Wanted): Promise<NodeResult<'start'>> {
    const id = commandId(this.#attempt.id, wanted.by ?? '', wanted.request);
    this.#secrets ??= this.#deps.secrets();
    const secrets = await this.#secrets;
    const known = this.#models.get(id);
    if (known === undefined) this.#refuseAfter(wanted);
    const model = known ?? this.#make(id, wanted, secrets);
    await this.#commands.get(id)?.start(() => this.#spec(model));
    return { command: id, number: model.number };
  }

  /** Resolves when it has ended, and all it wrote is here. Throws `NO_SUCH_COMMAND`, `NODE_LOST`. */
  async ended(id: string, target: MemberUnderWay, signal: AbortSignal): Promise<NodeResult<'ended'>> {
    const model = this.#require(id, target);
    const command = this.#commands.get(id);
    return command ? command.result(signal) : commandEnd(model, this.#deps.dir(model), nameOf(model));
  }

  /** One that was started on the machine of that member; undefined when it ended long ago. Throws `NO_SUCH_COMMAND`. */
  find(id: string, target: MemberUnderWay): CommandUnderWay | undefined {
    return this.#commands.get(this.#require(id, target).id);
  }

  /** Those that have not ended. */
  get running(): CommandUnderWay[] {
    return this.all.filter(({ ended }) => !ended);
  }

  /** All that may still have something to tell. */
  get all(): CommandUnderWay[] {
    return [...this.#commands.values()];
  }

  /** What a member has started ends with it. */
  endOf({ name }: MemberUnderWay): void {
    for (const command of this.running) if (command.model.by === name) this.stop(command, 'test-over');
  }

  /** Answered or not: its end, or its loss, is what counts. */
  stop(command: CommandUnderWay, reason: StopReason): void {
    command.stop(reason).catch((error: unknown) => this.#log(command.name, error));
  }

  /** The machines may be away for another time from now on. */
  reconsider(): void {
    for (const command of this.#commands.values()) command.reconsider();
  }

  async close(): Promise<void> {
    for (const command of this.#commands.values()) {
      this.#deps.live.delete(command.id);
      await command.close();
    }
  }

  /** What ends what was started has been done: nothing is started after it. */
  #refuseAfter({ by }: Asker): void {
    if (this.#attempt.over !== undefined) throw new TuttiError('SPACE_CLOSED', 'the test is over');
    if (this.#members.some(({ name, ended }) => name === by && ended))
      throw new TuttiError('SPACE_CLOSED', `${by} has ended`);
  }

  #make(id: string, { by, target, args, left }: Wanted, secrets: readonly string[]): CommandRun {
    const { value, code } = LIMITS.commands;
    if (this.#models.size >= value)
      throw new TuttiError(code, `the test has had ${value} commands, and takes no more`);
    if (target.lost)
      throw new TuttiError('NODE_LOST', `${target.name} on ${target.node} ${target.model.lost}`);
    const number = (this.#counts.get(target.name) ?? 0) + 1;
    const { command, env = {}, cwd, timeout = left } = args;
    const model: CommandRun = {
      id,
      place: this.#attempt.commands.length,
      of: target.name,
      number,
      ...(by === undefined ? {} : { by }),
      title: titleOf(args, secrets),
      line: lineOf(args, secrets),
      order: { command, env, ...(cwd === undefined ? {} : { cwd }) },
      timeout: Math.max(Math.min(timeout, left), Number.MIN_VALUE),
      dir: `${target.model.dir}/cmd-${number}`,
      asked: this.#deps.clock.wallMs(),
      state: 'asked',
      collected: false,
    };
    this.#attempt.commands.push(model);
    this.#add(model);
    this.#deps.changed();
    return model;
  }

  #add(model: CommandRun): void {
    const { clock, live, files, keep, changed } = this.#deps;
    const target = this.#target(model);
    this.#models.set(model.id, model);
    this.#counts.set(model.of, Math.max(this.#counts.get(model.of) ?? 0, model.number));
    const command = new CommandUnderWay({
      model,
      name: nameOf(model),
      attempt: this.#attempt.id,
      node: target.machine,
      files: files(model),
      patience: () => target.patience,
      clock,
      keep: (step) => keep(step, model),
      changed,
      onTrouble: (error) => this.#log(nameOf(model), error),
    });
    this.#commands.set(model.id, command);
    live.add(command);
    void command.whenCollected.then(() => this.#makeRoom());
  }

  /** Agents are told to forget those that ended first. */
  #makeRoom(): void {
    const ended = this.all.filter(({ complete, lost }) => complete || lost);
    for (const command of ended.slice(0, Math.max(0, ended.length - KEPT))) {
      this.#commands.delete(command.id);
      this.#deps.live.delete(command.id);
      command.machine.forget(command.id);
      void command.close();
    }
  }

  #require(id: string, { name }: MemberUnderWay): CommandRun {
    const model = this.#models.get(id);
    if (model?.of === name) return model;
    throw new TuttiError(
      'NO_SUCH_COMMAND',
      `no command ${id.slice(0, 8)} was started on ${name} in this test`,
    );
  }

  #target({ of }: CommandRun): MemberUnderWay {
    const target = this.#members.find(({ name }) => name === of);
    if (target === undefined) throw new Error(`a command of ${of}, which is not in the attempt`);
    return target;
  }

  #spec(model: CommandRun): CommandSpec {
    const { id, of, number, title, order, timeout } = model;
    if (order === undefined) throw new Error(`${nameOf(model)} has been started already`);
    const target = this.#target(model);
    return {
      member: id,
      master: this.#deps.master,
      of: target.id,
      number,
      name: `${of} cmd-${number} (${title})`,
      node: target.node,
      ...order,
      timeout,
    };
  }

  #log(member: string, error: unknown): void {
    this.#deps.log.debug({ member, err: error }, 'a command could not be served');
  }
}

function nameOf({ of, number }: CommandRun): string {
  return `${of}/cmd-${number}`;
}
