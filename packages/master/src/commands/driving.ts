/**
 * What the drivers of one attempt, and operators, do on the machines of its members.
 *
 * A driver means members of its own attempt, and no others: it names them, and this looks for the name there alone. The same
 * request does what it does once: a command's id comes from the request, a reboot's incarnation is kept with it, and
 * writing a file or waiting again is the same as having done it once.
 */
import type { BlobCache, Clock } from '@tutti/link';
import { type NodeArgs, type NodeResult, type NodeVerb, type RoleSpec, TuttiError } from '@tutti/protocol';
import type { MemberUnderWay } from '../runs/live-member.ts';
import type { DriveCall } from '../runs/members.ts';
import type { AttemptRun } from '../runs/model.ts';
import { onTerminals, type TerminalVerb } from '../terminal/terminal-verbs.ts';
import type { Asker, AttemptCommands } from './attempt-commands.ts';
import { commandId } from './command-names.ts';
import { factsOf } from './facts.ts';
import { rebootMember } from './reboot.ts';
import { memberNamed, spotOf } from './targets.ts';
import { bring, contentsOf, get, put } from './transfer.ts';
import { type StandsStill, wait } from './wait.ts';

export interface DrivingDeps {
  readonly attempt: AttemptRun;
  readonly roles: readonly RoleSpec[];
  readonly members: () => readonly MemberUnderWay[];
  readonly commands: AttemptCommands;
  readonly blobs: BlobCache;
  readonly clock: Clock;
  /** Seconds until the test times out. */
  readonly left: () => number;
  readonly standsStill: StandsStill;
}

interface Asked<V extends NodeVerb> extends Asker {
  readonly target: MemberUnderWay;
  /** Where the driver itself is. */
  readonly driver?: MemberUnderWay;
  readonly args: NodeArgs<V>;
  readonly signal: AbortSignal;
}

type Verbs = { readonly [V in NodeVerb]: (asked: Asked<V>) => Promise<NodeResult<V>> };

export class Driving {
  readonly #deps: DrivingDeps;
  readonly #verbs: Verbs;
  /** Waits that are under way or may be asked for again: when each was asked for first, monotonic ms. */
  readonly #since = new Map<string, number>();

  constructor(deps: DrivingDeps) {
    this.#deps = deps;
    this.#verbs = verbsOf(deps, this.#since);
  }

  /** For a driver. Throws `NOT_A_DRIVER`, `NO_SUCH_MEMBER`. */
  drive<V extends NodeVerb>(
    driver: MemberUnderWay,
    verb: V,
    { request, on, args }: DriveCall<V>,
    signal: AbortSignal,
  ): Promise<NodeResult<V>> {
    const role = this.#deps.roles.find(({ name }) => name === driver.model.role);
    if (role?.drives !== true)
      throw new TuttiError(
        'NOT_A_DRIVER',
        `${driver.name} is no driver: only the script of "drive:" may do something on the machines of others`,
      );
    return this.#do(verb, { by: driver.name, driver, request, target: this.#member(on), args, signal });
  }

  /** For an operator. Throws `NO_SUCH_MEMBER`. */
  operate<V extends NodeVerb>(
    verb: V,
    { request, on, args }: DriveCall<V>,
    signal: AbortSignal,
  ): Promise<NodeResult<V>> {
    return this.#do(verb, { request, target: this.#member(on), args, signal });
  }

  #member(name: string): MemberUnderWay {
    return memberNamed(name, this.#deps.members());
  }

  async #do<V extends NodeVerb>(verb: V, asked: Asked<V>): Promise<NodeResult<V>> {
    const { over } = this.#deps.attempt;
    // How a command ended can be asked for as long as anybody can.
    if (over !== undefined && verb !== 'ended') throw new TuttiError('SPACE_CLOSED', 'the test is over');
    const { target } = asked;
    try {
      return await this.#verbs[verb](asked);
    } catch (error) {
      if (!target.lost) throw error;
      throw new TuttiError('NODE_LOST', `${target.name} on ${target.node} ${target.model.lost}`, {
        cause: error,
      });
    }
  }
}

function verbsOf(deps: DrivingDeps, sinceFirst: Map<string, number>): Verbs {
  const { attempt, members, commands, blobs, clock, left, standsStill } = deps;
  const onTerminal = <V extends TerminalVerb>(
    verb: V,
    { by, request, target, args, signal }: Asked<V>,
  ): Promise<NodeResult<V>> =>
    onTerminals[verb](spotOf(target), { id: requestOf(attempt, by, request), args, signal });
  return {
    start: ({ by, request, target, args }) => {
      if (attempt.opened === undefined || target.model.state === 'waiting' || target.model.state === 'staged')
        throw new TuttiError('NO_SUCH_MEMBER', `${target.name} on ${target.node} has not started yet`);
      return commands.start({ ...(by === undefined ? {} : { by }), request, target, args, left: left() });
    },
    ended: ({ target, args, signal }) => commands.ended(args.command, target, signal),
    stop: async ({ target, args }) => {
      await commands.find(args.command, target)?.stop('cancelled');
      return {};
    },
    kill: async ({ by, request, target, args }) => {
      const command = commands.find(args.command, target);
      await command?.kill(requestOf(attempt, by, request), args.signal ?? 'TERM');
      return {};
    },
    put: ({ target, args, signal }) => put(spotOf(target), args, blobs, signal),
    get: async ({ driver, target, args, signal }) => {
      const tree = await get(spotOf(target), args, blobs, signal);
      if (driver === undefined) return tree;
      // Its agent finds them in its digest cache, as those of a staged file.
      const until = AbortSignal.any([signal, driver.gone]);
      await bring(driver.machine, await contentsOf(tree.manifest, blobs), blobs, until);
      return tree;
    },
    wait: async ({ by, request, target, args, signal }) => {
      const key = requestOf(attempt, by, request);
      const since = sinceFirst.get(key) ?? clock.monotonicMs();
      sinceFirst.set(key, since);
      try {
        return await wait(
          spotOf(target),
          args,
          {
            clock,
            seconds: Math.min(args.timeout ?? left(), left()),
            since,
            ...(by === undefined ? {} : { standsStill }),
          },
          signal,
        );
      } finally {
        // Withdrawn with a connection it may be asked for again.
        if (!signal.aborted) sinceFirst.delete(key);
      }
    },
    reboot: ({ by, driver, request, target, args, signal }) =>
      rebootMember(target, members(), {
        by: driver,
        asked: `${by ?? 'an operator'} ${request}`,
        args,
        signal,
      }),
    facts: async ({ target }) => factsOf(target.machine),
    open: (asked) => onTerminal('open', asked),
    read: (asked) => onTerminal('read', asked),
    write: (asked) => onTerminal('write', asked),
    resize: (asked) => onTerminal('resize', asked),
    attend: (asked) => onTerminal('attend', asked),
    close: (asked) => onTerminal('close', asked),
  };
}

/** Two scripts may choose the same request id. */
function requestOf({ id }: AttemptRun, by: string | undefined, request: string): string {
  return commandId(id, by ?? '', request);
}
