/** Who a barrier waits for: what the caller said, checked against the cast, in a form that can be compared. Pure. */
import { type BarrierArgs, TuttiError } from '@tutti/protocol';
import type { Cast } from './cast.ts';

export interface Participants {
  /** How many have to arrive. */
  readonly size: number;
  /** Who may; undefined: anyone of the cast. */
  readonly only: ReadonlySet<string> | undefined;
  /** Two callers agree when these are equal; also quoted to people. */
  readonly words: string;
}

/** Throws `BAD_PARTICIPANTS`. */
export function participantsOf(args: BarrierArgs, caller: string, cast: Cast): Participants {
  const said = [args.count, args.roles, args.members].filter((given) => given !== undefined);
  if (said.length > 1) throw bad(args, 'give one of count, roles and members');
  if (args.count !== undefined) return byCount(args, args.count, cast);
  if (args.roles === undefined && args.members === undefined) {
    return { size: cast.size, only: undefined, words: `all ${cast.size} members` };
  }
  const names =
    args.roles?.flatMap((role) => cast.role(role)) ??
    args.members?.map((member) => cast.resolve(member)) ??
    [];
  const only = new Set(names);
  if (!only.has(caller))
    throw bad(args, `${caller} arrived, but is not among the participants ${cast.some(only)}`);
  const words = args.roles
    ? `roles ${[...new Set(args.roles)].toSorted().join(', ')}`
    : `members ${[...only].toSorted().join(', ')}`;
  return { size: only.size, only, words };
}

function byCount(args: BarrierArgs, count: number, cast: Cast): Participants {
  if (count < 1) throw bad(args, `count ${count}: at least one member has to take part`);
  if (count > cast.size)
    throw bad(
      args,
      `count ${count}: the test has only ${cast.size} ${cast.size === 1 ? 'member' : 'members'}`,
    );
  return { size: count, only: undefined, words: `count ${count}` };
}

function bad({ name }: BarrierArgs, problem: string): TuttiError {
  return new TuttiError('BAD_PARTICIPANTS', `barrier "${name}": ${problem}`);
}
