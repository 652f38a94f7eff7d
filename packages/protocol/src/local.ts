/**
 * The language of a script's local socket: newline-delimited JSON, one object a line.
 *
 *   → {"id":"…","call":"barrier","args":{"name":"ready"}}
 *   ← {"id":"…","result":{"generation":0,"rank":1,"size":2,"data":{}}}
 *   ← {"id":"…","error":{"code":"BARRIER_BROKEN","message":"…"}}
 *
 * The caller chooses a random id and repeats the same request on a new connection until it is answered;
 * a repeated id gets the same answer. Closing the connection withdraws its waits.
 */
import * as z from 'zod';
import { RequestId, Seconds } from './ids.ts';
import { LIMITS } from './limits.ts';
import { NODE_VERBS } from './messages/on-node.ts';
import { TopologyMember } from './messages/spec.ts';
import { syncVerbs } from './messages/sync.ts';

export const SUBTEST_STATUSES = ['pass', 'warn', 'fail', 'skip', 'error'] as const;

export const Subtest = z.object({
  name: z.string().min(1).max(LIMITS.name.value),
  status: z.enum(SUBTEST_STATUSES),
  measure: z.number().optional(),
  unit: z.string().max(LIMITS.name.value).optional(),
  message: z.string().max(4096).optional(),
  /** How long it took: it began so long before it was reported. */
  duration: Seconds.optional(),
});
export type Subtest = z.infer<typeof Subtest>;

/** Something that a script says has happened; of the name `started` roles may wait for it to begin. */
export const Mark = z.object({ name: z.string().min(1).max(LIMITS.name.value) });

/** Roles with `start: after ROLE` begin when all members of that role have made this mark. */
export const STARTED_MARK = 'started';

/** One line of a member's `events.N` file, written by its agent alone. */
const said = { at: z.number(), request: RequestId };
export const MemberEvent = z.discriminatedUnion('event', [
  z.object({ event: z.literal('result'), ...said }).extend(Subtest.shape),
  z.object({ event: z.literal('mark'), ...said }).extend(Mark.shape),
]);
export type MemberEvent = z.infer<typeof MemberEvent>;

/** A line of the same file that says the machine was to reboot; what matters of it to agents is in a file of its own. */
export const RebootEvent = z.object({
  event: z.literal('reboot'),
  at: z.number(),
  request: z.string(),
  timeout: Seconds,
  byScript: z.boolean(),
});
export type RebootEvent = z.infer<typeof RebootEvent>;

/** The verbs that the agent answers by itself. */
const agentVerbs = {
  result: {
    args: Subtest,
    result: z.object({}),
    doc: 'Reports a subtest; answered when it is on disk.',
  },
  mark: {
    args: Mark,
    result: z.object({}),
    doc: 'Notes that something has happened; answered when it is on disk. Roles that start after this one begin at `started`.',
  },
  addr: {
    args: z.object({ member: z.string() }),
    result: z.object({ addresses: z.array(z.string()) }),
    doc: 'The addresses of a member: `client.0`, or `client` for the first of the role.',
  },
  reboot: {
    args: z.object({
      /** `client.0`, or `client` where the role has one member; default: the caller itself. */
      member: z.string().optional(),
      timeout: Seconds.optional(),
      byScript: z.boolean().optional(),
    }),
    result: z.object({}),
    doc: "Reboots a member's machine. Not answered to the member itself, whose script ends and begins again; with `byScript` answered when the intention is on disk.",
  },
  extend: {
    args: z.object({ seconds: Seconds.positive() }),
    result: z.object({ remaining: Seconds }),
    doc: 'Asks for more time; the result is how many seconds the test has left.',
  },
  drive: {
    args: z.object({
      /** Whose machine: `db.0`, or `db` where the role has one member. */
      on: z.string().min(1),
      do: z.enum(NODE_VERBS),
      /** `driveArgs` of what is to be done. */
      args: z.record(z.string(), z.unknown()).default({}),
    }),
    result: z.unknown(),
    doc: "Only for a driver: does something on the machine of a member of its test, and answers with that verb's result.",
  },
  topology: {
    args: z.object({}),
    result: z.object({ self: z.string(), members: z.array(TopologyMember) }),
    doc: 'Who takes part.',
  },
};

export const localVerbs = { ...syncVerbs, ...agentVerbs };
export type LocalVerb = keyof typeof localVerbs;
export type LocalArgs<V extends LocalVerb> = z.infer<(typeof localVerbs)[V]['args']>;
export type LocalResult<V extends LocalVerb> = z.infer<(typeof localVerbs)[V]['result']>;

export const LocalRequest = z.object({
  id: RequestId,
  call: z.string(),
  args: z.record(z.string(), z.unknown()).default({}),
});

export type LocalAnswer =
  | { id: string; result: unknown }
  | { id: string; error: { code: string; message: string } };
