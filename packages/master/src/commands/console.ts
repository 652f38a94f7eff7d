/**
 * What operators and programs do on machines outside of tests.
 *
 * Not durable: the next master does not know these commands, and agents end what it does not know. A command ends when its time is
 * over, or when the client that started it has been gone for 30 s; one that was started by HTTP has no such client. How it ended
 * can be asked for as long as its client is there and it is among the last that ended.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { BlobCache, Clock, Logger } from '@tutti/link';
import { LIMITS, type NodeArgs, type NodeResult, type NodeVerb, TuttiError } from '@tutti/protocol';
import type { Node } from '../agents/node.ts';
import { MemberFiles } from '../logs/member-files.ts';
import { Absence } from '../runs/absence.ts';
import type { LiveMembers } from '../runs/members.ts';
import type { CommandRun } from '../runs/model.ts';
import { onTerminals, type TerminalVerb } from '../terminal/terminal-verbs.ts';
import { commandId, titleOf } from './command-names.ts';
import { factsOf } from './facts.ts';
import { CommandUnderWay } from './live-command.ts';
import { Presence } from './presence.ts';
import { rebootMachine } from './reboot.ts';
import type { Spot } from './spot.ts';
import { get, put } from './transfer.ts';
import { wait } from './wait.ts';

const DEFAULT_SECONDS = 3600;
/** So long a machine may be away before what was asked of it fails. */
const GRACE_SECONDS = 30;
/** Of nobody's attempt: it has no sync space. */
const NO_ATTEMPT = '';

/** What began while the machine was there, or needs it not. */
const BEARS_ABSENCE: ReadonlySet<NodeVerb> = new Set<NodeVerb>([
  ...(['ended', 'facts', 'reboot'] as const),
  ...(['read', 'write', 'resize', 'attend', 'close'] as const),
]);

export interface ConsoleDeps {
  readonly master: string;
  /** Where output is kept for a while; removed when it is opened and closed. */
  readonly directory: string;
  readonly clock: Clock;
  readonly live: LiveMembers;
  readonly blobs: BlobCache;
  readonly room: () => Promise<void> | undefined;
  readonly log: Logger;
}

export interface NodeAsked<V extends NodeVerb> {
  readonly node: Node;
  readonly request: string;
  readonly args: NodeArgs<V>;
  /** Who asks, across its connections; absent: nobody who could go. */
  readonly client?: string | undefined;
  readonly signal: AbortSignal;
}

type Verbs = { readonly [V in NodeVerb]: (asked: NodeAsked<V>) => Promise<NodeResult<V>> };

interface Entry {
  readonly command: CommandUnderWay;
  readonly client: string | undefined;
}

export class Console {
  readonly presence: Presence;
  readonly #deps: ConsoleDeps;
  readonly #verbs: Verbs;
  /** In the order in which they were started. */
  readonly #entries = new Map<string, Entry>();
  readonly #numbers = new Map<string, number>();
  /** Requests to reboot that are being answered: the boot that is to end. */
  readonly #boots = new Map<string, string>();

  private constructor(deps: ConsoleDeps) {
    this.#deps = deps;
    this.presence = new Presence(deps.clock, (client) => this.#endOf(client));
    this.#verbs = this.#makeVerbs();
  }

  static async open(deps: ConsoleDeps): Promise<Console> {
    await rm(deps.directory, { recursive: true, force: true });
    return new Console(deps);
  }

  /** Throws `NOT_CONNECTED` for a machine that is away. */
  async do<V extends NodeVerb>(verb: V, asked: NodeAsked<V>): Promise<NodeResult<V>> {
    const { node } = asked;
    if (node.session === undefined && !BEARS_ABSENCE.has(verb))
      throw new TuttiError('NOT_CONNECTED', `${node.name} is not connected`);
    return this.#verbs[verb](asked);
  }

  async close(): Promise<void> {
    this.presence.close();
    await Promise.all([...this.#entries.values()].map(({ command }) => command.close()));
    await rm(this.#deps.directory, { recursive: true, force: true });
  }

  debugState(): { commands: number; clients: number } {
    return { commands: this.#entries.size, clients: this.presence.size };
  }

  #makeVerbs(): Verbs {
    const { blobs, clock } = this.#deps;
    return {
      start: (asked) => this.#start(asked),
      ended: ({ node, args, signal }) => this.#find(args.command, node).result(signal),
      stop: async ({ node, args }) => {
        await this.#find(args.command, node).stop('cancelled');
        return {};
      },
      kill: async ({ node, request, args }) => {
        await this.#find(args.command, node).kill(this.#id(request), args.signal ?? 'TERM');
        return {};
      },
      put: ({ node, args, signal }) => this.#on(node, (spot) => put(spot, args, blobs, signal)),
      get: ({ node, args, signal }) => this.#on(node, (spot) => get(spot, args, blobs, signal)),
      wait: ({ node, args, signal }) =>
        this.#on(node, (spot) => {
          const seconds = args.timeout ?? DEFAULT_SECONDS;
          return wait(spot, args, { clock, seconds, since: clock.monotonicMs() }, signal);
        }),
      reboot: (asked) => this.#reboot(asked),
      facts: async ({ node }) => factsOf(node),
      open: (asked) => this.#onTerminal('open', asked),
      read: (asked) => this.#onTerminal('read', asked),
      write: (asked) => this.#onTerminal('write', asked),
      resize: (asked) => this.#onTerminal('resize', asked),
      attend: (asked) => this.#onTerminal('attend', asked),
      close: (asked) => this.#onTerminal('close', asked),
    };
  }

  async #onTerminal<V extends TerminalVerb>(
    verb: V,
    { node, request, args, signal }: NodeAsked<V>,
  ): Promise<NodeResult<V>> {
    const id = this.#id(request);
    return this.#on(node, (spot) => onTerminals[verb](spot, { id, args, signal }));
  }

  async #start({ node, request, args, client }: NodeAsked<'start'>): Promise<NodeResult<'start'>> {
    const id = this.#id(request);
    const command = this.#entries.get(id)?.command ?? this.#make(id, node, args, client);
    const { number, title, timeout } = command.model;
    await command.start(() => ({
      member: id,
      master: this.#deps.master,
      number,
      name: `cmd-${number} (${title})`,
      node: node.name,
      command: args.command,
      env: args.env ?? {},
      ...(args.cwd === undefined ? {} : { cwd: args.cwd }),
      timeout,
    }));
    return { command: id, number };
  }

  #make(id: string, node: Node, args: NodeArgs<'start'>, client: string | undefined): CommandUnderWay {
    this.#makeRoom();
    const { clock, live, room, log, directory } = this.#deps;
    const number = (this.#numbers.get(node.name) ?? 0) + 1;
    this.#numbers.set(node.name, number);
    const model: CommandRun = {
      id,
      of: node.name,
      number,
      place: 0,
      title: titleOf(args, []),
      line: '',
      timeout: args.timeout ?? DEFAULT_SECONDS,
      dir: id,
      asked: clock.wallMs(),
      state: 'asked',
      collected: false,
    };
    const name = `${node.name}/cmd-${number}`;
    const command = new CommandUnderWay({
      model,
      name,
      attempt: NO_ATTEMPT,
      node,
      files: new MemberFiles(join(directory, id), {
        now: () => clock.wallMs(),
        room,
        onDamage: (what) => log.warn({ node: node.name, member: name }, what),
      }),
      patience: () => ({
        seconds: GRACE_SECONDS,
        why: `its node was away for more than ${GRACE_SECONDS} s`,
      }),
      clock,
      keep: async () => {},
      changed: () => {},
      onTrouble: (error) => log.warn({ member: name, err: error }, 'a copy of output could not be closed'),
    });
    this.#entries.set(id, { command, client });
    live.add(command);
    return command;
  }

  /** Of those that have ended the oldest go first. */
  #makeRoom(): void {
    if (this.#entries.size < LIMITS.openCommands.value) return;
    const oldest = [...this.#entries.values()].find(
      ({ command }) => command.ended && (command.complete || command.lost),
    );
    if (oldest === undefined)
      throw new TuttiError(
        LIMITS.openCommands.code,
        `${LIMITS.openCommands.value} commands of operators and programs run already`,
      );
    this.#forget(oldest);
  }

  #find(id: string, node: Node): CommandUnderWay {
    const entry = this.#entries.get(id);
    if (entry?.command.machine === node) return entry.command;
    throw new TuttiError(
      'NO_SUCH_COMMAND',
      `there is no command ${id.slice(0, 8)} on ${node.name}, or not any more`,
    );
  }

  async #reboot({ node, request, args, signal }: NodeAsked<'reboot'>): Promise<NodeResult<'reboot'>> {
    if (node.holder !== undefined)
      throw new TuttiError('NODE_HELD', `${node.name} is not rebooted: run ${node.holder} has it`);
    const id = this.#id(request);
    const boot = this.#boots.get(id) ?? node.identity.boot;
    this.#boots.set(id, boot);
    const { clock } = this.#deps;
    try {
      return await rebootMachine(node, boot, { clock, timeout: args.timeout, signal });
    } finally {
      // Withdrawn with a connection it may be asked for again.
      if (!signal.aborted) this.#boots.delete(id);
    }
  }

  /** With a machine that may be away for a while, but not longer. */
  async #on<T>(node: Node, work: (spot: Spot) => Promise<T>): Promise<T> {
    const gone = new AbortController();
    const patience = {
      seconds: GRACE_SECONDS,
      why: `${node.name} was away for more than ${GRACE_SECONDS} s`,
    };
    const absence = new Absence(
      node,
      this.#deps.clock,
      () => patience,
      (why) => gone.abort(new TuttiError('NOT_CONNECTED', why)),
    );
    try {
      return await work({ node, words: node.name, gone: gone.signal });
    } finally {
      absence.stop();
    }
  }

  #endOf(client: string): void {
    for (const entry of this.#entries.values()) if (entry.client === client) this.#forget(entry);
  }

  /** Its agent ends what still runs of it. */
  #forget({ command }: Entry): void {
    const { live, directory, log } = this.#deps;
    this.#entries.delete(command.id);
    live.delete(command.id);
    command.machine.forget(command.id);
    command
      .close()
      .then(() => rm(join(directory, command.id), { recursive: true, force: true }))
      .catch((error: unknown) =>
        log.warn({ member: command.name, err: error }, 'output could not be removed'),
      );
  }

  #id(request: string): string {
    return commandId(this.#deps.master, '', request);
  }
}
