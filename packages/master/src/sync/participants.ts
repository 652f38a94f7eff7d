/** Who a barrier waits for: what the caller said, checked against the cast, in a form that can be compared. Pure. */
import { type BarrierArgs, TuttiError } from '@tutti/protocol';
import type { Cast } from './cast.ts';

export interface Participants {
  /** How many have to arrive. */
  readonly size: number;
  /** Who may; undefined: anyone of the cast. */
  readonly only: ReadonlySet<string> | undefined;
  /** What was said, as people are told of it. The same words mean the same participants. */
  readonly words: string;
}

/** `known`: what others said before; saves making the same again. Throws `BAD_PARTICIPANTS`. */
export function participantsOf(
  args: BarrierArgs,
  caller: string,
  cast: Cast,
  known?: Participants,
): Participants {
  const said = [args.count, args.roles, args.members].filter((given) => given !== undefined);
  if (said.length > 1) throw bad(args, 'give one of count, roles and members');
  if (cast.of === 'run' && args.count === undefined)
    throw bad(args, 'in run scope give count: roles and members are those of one test');
  const words = wordsOf(args, cast);
  const participants = known?.words === words ? known : find(args, words, cast);
  if (participants.only?.has(caller) === false)
    throw bad(args, `${caller} arrived, but is not among the participants ${cast.some(participants.only)}`);
  return participants;
}

/** Whether both mean the same members: `--roles server` is `--members server.0` where the role has no other. */
export function agree(a: Participants, b: Participants): boolean {
  if (a === b) return true;
  if (a.size !== b.size) return false;
  const { only } = b;
  if (a.only === undefined || only === undefined) return a.only === only;
  return [...a.only].every((name) => only.has(name));
}

function wordsOf({ count, roles, members }: BarrierArgs, cast: Cast): string {
  if (count !== undefined) return `count ${count}`;
  if (roles) return `roles ${[...new Set(roles)].toSorted().join(', ')}`;
  if (members)
    return `members ${[...new Set(members.map((member) => cast.resolve(member)))].toSorted().join(', ')}`;
  const { scriptedCount, size } = cast;
  return scriptedCount === size ? `all ${size} members` : `all ${scriptedCount} members that run a script`;
}

function find(args: BarrierArgs, words: string, cast: Cast): Participants {
  const { count, roles, members } = args;
  if (count !== undefined) {
    checkCount(args, count, cast);
    return { size: count, only: undefined, words };
  }
  const named = roles?.flatMap((role) => cast.role(role)) ?? members?.map((member) => cast.resolve(member));
  const only =
    named === undefined && cast.scriptedCount === cast.size ? undefined : new Set(named ?? cast.scripted());
  // Who names everybody means the same as who names nobody.
  if (only === undefined || only.size === cast.size) return { size: cast.size, only: undefined, words };
  return { size: only.size, only, words };
}

function checkCount(args: BarrierArgs, count: number, cast: Cast): void {
  if (count < 1) throw bad(args, `count ${count}: at least one member has to take part`);
  // Of a run not all members are known before its last test has begun.
  if (count <= cast.size || cast.of === 'run') return;
  throw bad(args, `count ${count}: the test has only ${cast.size} ${cast.size === 1 ? 'member' : 'members'}`);
}

function bad({ name }: BarrierArgs, problem: string): TuttiError {
  return new TuttiError('BAD_PARTICIPANTS', `barrier "${name}": ${problem}`);
}
