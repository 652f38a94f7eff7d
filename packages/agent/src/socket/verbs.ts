/** What a request on the local socket does: sync verbs go to the master, the rest is answered here. */
import {
  driveArgs,
  type LocalArgs,
  type LocalResult,
  type LocalVerb,
  localVerbs,
  type MemberSpec,
  type NodeVerb,
  SYNC_VERBS,
  type SyncVerb,
  type TopologyMember,
  TuttiError,
  validate,
} from '@tutti/protocol';
import type { z } from 'zod';
import type { Masks } from '../secrets/masks.ts';
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

/** What a script can ask of its machine and its time. Each rejects soon after its signal aborts. */
export interface MachineVerbs {
  /** Resolves when the reboot is announced on disk. */
  reboot(request: { request: string; timeout: number; byScript: boolean }): Promise<void>;
  rebootOther(
    request: { request: string; other: string; timeout: number },
    signal: AbortSignal,
  ): Promise<void>;
  /** Resolves with the seconds that are left. */
  extend(request: string, seconds: number, signal: AbortSignal): Promise<number>;
  /** Does something on the machine of the member `on`; resolves with what the script gets. */
  drive(
    request: { request: string; on: string; do: NodeVerb; args: unknown },
    signal: AbortSignal,
  ): Promise<unknown>;
}

/** What a member's verbs need. */
export interface VerbContext {
  readonly spec: MemberSpec;
  readonly sync: SyncHandler;
  readonly events: EventLog;
  /** What is reported is masked here, not on its way: events are no text. */
  readonly masks: Masks;
  readonly machine: MachineVerbs;
}

/** Seconds until a machine must be back, where nobody says otherwise. */
const REBOOT_TIMEOUT = 600;

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
  return own[verb](args as never, request.id, at, context, signal);
}

const own: {
  [V in OwnVerb]: (
    args: LocalArgs<V>,
    id: string,
    at: number,
    context: VerbContext,
    signal: AbortSignal,
  ) => Promise<LocalResult<V>>;
} = {
  result: async (subtest, request, at, { events, masks }) => {
    await events.append({ event: 'result', at, request, ...masked(subtest, masks) });
    return {};
  },
  mark: async ({ name }, request, at, { events, masks }) => {
    await events.append({ event: 'mark', at, request, name: masks.text(name) });
    return {};
  },
  addr: async ({ member }, _id, _at, { spec }) => ({
    addresses: participant('addr', member, spec).addresses,
  }),
  reboot: async (args, request, _at, { spec, machine }, signal) => {
    const { timeout = REBOOT_TIMEOUT, byScript = false } = args;
    const { member } =
      args.member === undefined ? { member: spec.name } : participant('reboot', args.member, spec);
    if (member === spec.name) {
      await machine.reboot({ request, timeout, byScript });
      // A script does not live to see its machine reboot; until it is stopped it goes no further.
      if (!byScript) await forever(signal);
    } else if (byScript) {
      throw new TuttiError(
        'BAD_PARAMS',
        `reboot: byScript is only for a script's own machine, not that of ${member}`,
      );
    } else {
      await machine.rebootOther({ request, other: member, timeout }, signal);
    }
    return {};
  },
  extend: async ({ seconds }, request, _at, { machine }, signal) => ({
    remaining: await machine.extend(request, seconds, signal),
  }),
  drive: async ({ on, do: verb, args }, request, _at, { spec, machine }, signal) => {
    if (spec.drives !== true)
      throw new TuttiError(
        'NOT_A_DRIVER',
        `${spec.name} is no driver: only the script that "drive:" names does something on other machines`,
      );
    const checked = validate(driveArgs[verb] as z.ZodType, args, 'BAD_PARAMS', `drive ${verb}`);
    const { member } = onlyParticipant('drive', on, spec);
    return machine.drive({ request, on: member, do: verb, args: checked }, signal);
  },
  topology: async (_args, _id, _at, { spec }) => ({ self: spec.name, members: spec.topology }),
};

/** `client.1`, or `client` where the role has one member. */
function onlyParticipant(verb: string, asked: string, spec: MemberSpec): TopologyMember {
  const ofRole = spec.topology.filter((each) => each.role === asked).map((each) => each.member);
  if (ofRole.length <= 1) return participant(verb, asked, spec);
  const some = ofRole.slice(0, 10).join(', ');
  throw new TuttiError('BAD_PARAMS', `${verb}: "${asked}" may be ${some}; say which`);
}

/** `client.1`, or `client` for the first of the role. */
function participant(verb: string, asked: string, spec: MemberSpec): TopologyMember {
  const ofRole = spec.topology.filter((each) => each.role === asked).toSorted((a, b) => a.index - b.index);
  const found = spec.topology.find((each) => each.member === asked) ?? ofRole[0];
  if (found !== undefined) return found;
  const known = spec.topology.map((each) => each.member);
  const meant = closest(asked, [...known, ...new Set(spec.topology.map((each) => each.role))]);
  const hint =
    meant === undefined ? `there are ${known.slice(0, 10).join(', ')}` : `did you mean "${meant}"?`;
  throw new TuttiError('BAD_PARAMS', `${verb}: member: the test has no "${asked.slice(0, 128)}"; ${hint}`);
}

function masked({ name, unit, message, ...rest }: LocalArgs<'result'>, masks: Masks): LocalArgs<'result'> {
  return {
    ...rest,
    name: masks.text(name),
    ...(unit === undefined ? {} : { unit: masks.text(unit) }),
    ...(message === undefined ? {} : { message: masks.text(message) }),
  };
}

async function forever(signal: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  const gone = () => reject(new TuttiError('CANCELLED', 'the caller has gone'));
  if (signal.aborted) gone();
  signal.addEventListener('abort', gone, { once: true });
  return promise;
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
