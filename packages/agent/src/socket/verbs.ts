/** What a request on the local socket does: sync verbs go to the master, the rest is answered here. */
import {
  type LocalArgs,
  type LocalResult,
  type LocalVerb,
  localVerbs,
  type MemberSpec,
  SYNC_VERBS,
  type SyncVerb,
  TuttiError,
  validate,
} from '@tutti/protocol';
import { closest } from './closest.ts';
import type { LocalCall } from './connection.ts';
import type { EventLog } from './event-log.ts';

/** What a sync verb is asked with: the parameters of the master's call of the same name. */
export interface SyncRequest {
  readonly member: string;
  readonly request: string;
  /** When this agent first saw the request, by the monotonic clock. */
  readonly at: number;
  readonly args: unknown;
}

/** Asks the master; rejects soon after `signal` aborts, which is when the caller has gone. Resolves with what the script gets. */
export type SyncHandler = (verb: SyncVerb, request: SyncRequest, signal: AbortSignal) => Promise<unknown>;

/** What a member's verbs need. */
export interface VerbContext {
  readonly spec: MemberSpec;
  readonly sync: SyncHandler;
  readonly events: EventLog;
}

type OwnVerb = Exclude<LocalVerb, SyncVerb>;

/** Rejects with a `TuttiError` that the script gets to see. */
export async function carryOut(
  request: LocalCall,
  at: number,
  signal: AbortSignal,
  context: VerbContext,
): Promise<unknown> {
  const verb = request.call;
  if (!isVerb(verb)) throw unknownVerb(verb);
  const args = validate(localVerbs[verb].args, request.args, 'BAD_PARAMS', verb);
  if (isSync(verb)) {
    return context.sync(verb, { member: context.spec.member, request: request.id, at, args }, signal);
  }
  return own[verb](args as never, request.id, at, context);
}

const own: {
  [V in OwnVerb]: (
    args: LocalArgs<V>,
    id: string,
    at: number,
    context: VerbContext,
  ) => Promise<LocalResult<V>>;
} = {
  result: async (subtest, request, at, { events }) => {
    await events.append({ event: 'result', at, request, ...subtest });
    return {};
  },
  addr: async ({ member }, _id, _at, { spec }) => ({ addresses: addressesOf(member, spec) }),
  topology: async (_args, _id, _at, { spec }) => ({ self: spec.name, members: spec.topology }),
};

/** `client.1`, or `client` for the first of the role. */
function addressesOf(asked: string, spec: MemberSpec): string[] {
  const ofRole = spec.topology.filter((each) => each.role === asked).toSorted((a, b) => a.index - b.index);
  const found = spec.topology.find((each) => each.member === asked) ?? ofRole[0];
  if (found !== undefined) return found.addresses;
  const known = spec.topology.map((each) => each.member);
  const meant = closest(asked, [...known, ...new Set(spec.topology.map((each) => each.role))]);
  const hint =
    meant === undefined ? `there are ${known.slice(0, 10).join(', ')}` : `did you mean "${meant}"?`;
  throw new TuttiError('BAD_PARAMS', `addr: member: the test has no "${asked.slice(0, 128)}"; ${hint}`);
}

function isVerb(name: string): name is LocalVerb {
  return Object.hasOwn(localVerbs, name);
}

function isSync(verb: LocalVerb): verb is SyncVerb {
  return (SYNC_VERBS as readonly string[]).includes(verb);
}

function unknownVerb(name: string): TuttiError {
  const meant = closest(name, Object.keys(localVerbs));
  const hint =
    meant === undefined ? `there are ${Object.keys(localVerbs).join(', ')}` : `did you mean "${meant}"?`;
  return new TuttiError('UNKNOWN_CALL', `this agent has no call "${name.slice(0, 128)}"; ${hint}`);
}
