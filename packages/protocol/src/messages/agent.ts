/** Between an agent and its master: registration, staging, members. */
import * as z from 'zod';
import { call } from '../entry.ts';
import { Id, NodeName, RequestId, Seconds, SyncName } from '../ids.ts';
import { LogSource } from './link.ts';
import { SessionName } from './sessions.ts';
import { Facts, Labels, MemberOrder } from './spec.ts';
import { Scope } from './sync.ts';
import { Blob, TreePath } from './tree.ts';

export const ProtocolVersion = z.object({
  major: z.number().int().nonnegative(),
  minor: z.number().int().nonnegative(),
});

const Incarnation = z.number().int().nonnegative();

/** A reboot that a member asked for, or that another one asked for on its behalf. */
const RebootPlan = z.object({
  /** Seconds from the request until the machine must be back. */
  timeout: Seconds,
  /** The script brings the machine down itself. */
  byScript: z.boolean(),
});
export type RebootPlan = z.infer<typeof RebootPlan>;

/** What an agent has of a member when it connects. */
const MemberPresence = z.object({
  member: Id,
  master: Id,
  state: z.enum(['prepared', 'running', 'ended']),
  /** 0 (where it is absent too), and one more for each announced reboot that the machine came back from. */
  incarnation: Incarnation.optional(),
  /** This incarnation has announced a reboot that has not happened yet. */
  rebooting: RebootPlan.optional(),
  /** Arrivals at barriers that the incarnation before this one was not told of: releases go to this one's next arrivals. */
  unanswered: z.array(z.object({ name: SyncName, request: RequestId, scope: Scope.optional() })).optional(),
});
export type MemberPresence = z.infer<typeof MemberPresence>;

/** Why a member was stopped from outside; its own exit status says nothing then. */
export const StopReason = z.enum([
  'test-over',
  'timeout',
  'cancelled',
  'output-limit',
  'disk-full',
  'given-up',
  'orphaned',
]);
export type StopReason = z.infer<typeof StopReason>;

/**
 * How the member's own script ended. `killed`: its wrapper vanished without a status. `rebooted`: its machine went down
 * unannounced, and has come back. `not-rebooted`: it announced a reboot that did not happen.
 */
export const Exit = z.discriminatedUnion('how', [
  z.object({ how: z.literal('exited'), code: z.number().int().min(0).max(255) }),
  z.object({ how: z.literal('signalled'), signal: z.string() }),
  z.object({ how: z.literal('killed') }),
  z.object({ how: z.literal('not-started'), message: z.string() }),
  z.object({ how: z.literal('rebooted') }),
  z.object({ how: z.literal('not-rebooted'), message: z.string() }),
]);
export type Exit = z.infer<typeof Exit>;

export const MemberEnd = z.object({
  exit: Exit,
  stopped: StopReason.optional(),
  /** Seconds from start to end by the agent's monotonic clock, those in which the machine was down not counted. */
  duration: Seconds,
  /** The final length of every append-only file; the verdict waits until the copies have reached it. */
  logs: z.array(
    z.object({
      source: LogSource,
      incarnation: Incarnation,
      length: z.number().int().nonnegative(),
    }),
  ),
  /** The last line of stderr, else of stdout: at most 200 characters, for messages. */
  lastLine: z.string().max(200),
  /** Processes that survived the whole stop ladder. */
  survivors: z.number().int().nonnegative(),
});
export type MemberEnd = z.infer<typeof MemberEnd>;

export const agentCalls = {
  hello: call({
    directions: ['agent→master'],
    params: z.object({
      protocol: ProtocolVersion,
      software: z.string(),
      agent: Id,
      /** Random per process: tells two living processes apart that carry one identity. */
      process: Id,
      boot: z.string().min(1),
      name: NodeName,
      labels: Labels,
      facts: Facts,
      /** Brought for the pieces of this session alone: given to no other run, and forgotten when it goes. */
      session: SessionName.optional(),
      /** The configured address; the master else uses the address the connection comes from. */
      address: z.string().optional(),
      members: z.array(MemberPresence),
      /** The requests that still have a living caller; waits of this agent that are not among them are withdrawn. */
      waits: z.array(RequestId),
    }),
    result: z.object({
      master: Id,
      software: z.string(),
      /** Members the master does not want any more: the agent ends and forgets them. */
      giveUp: z.array(Id),
      /** Members that the master still knows, and of which it has everything: nothing of them is sent again. */
      complete: z.array(Id).optional(),
    }),
    idempotent: true,
    doc: 'The first call of an agent on every connection; the result is the welcome.',
  }),
  'member.ended': call({
    directions: ['agent→master'],
    params: z.object({ member: Id, end: MemberEnd }),
    result: z.object({}),
    idempotent: true,
    doc: 'The member and all it started are gone, or, where it `outlives`, its script is; repeated after a lost connection until it is answered.',
  }),
  'member.collected': call({
    directions: ['agent→master'],
    params: z.object({
      member: Id,
      /** Paths below $TUTTI_OUT that were not shipped, each with the reason. */
      skipped: z.array(z.object({ path: z.string(), why: z.string() })),
      /** In-tree links below $TUTTI_OUT; they are not streams. */
      links: z.array(z.object({ path: TreePath, target: z.string() })),
    }),
    result: z.object({}),
    idempotent: true,
    doc: "All of the member's logs and artifacts have been acknowledged.",
  }),
  'member.rebooting': call({
    directions: ['agent→master'],
    params: RebootPlan.extend({ member: Id, incarnation: Incarnation }),
    result: z.object({}),
    idempotent: true,
    doc: 'This incarnation of the member has announced a reboot, on disk; `hello` says it again until it has happened.',
  }),
  'member.rebootOther': call({
    directions: ['agent→master'],
    params: z.object({
      /** Who asks. */
      member: Id,
      request: RequestId,
      /** Whose machine is to be rebooted: `client.0`, or `client` where the role has one member. */
      other: z.string().min(1),
      timeout: Seconds,
    }),
    result: z.object({}),
    idempotent: true,
    doc: "A member asks for the reboot of another one's machine; answered when that machine's agent has announced it.",
  }),
  'member.extend': call({
    directions: ['agent→master'],
    params: z.object({ member: Id, request: RequestId, seconds: Seconds }),
    result: z.object({ remaining: Seconds }),
    idempotent: true,
    doc: 'A member asks for so many seconds more; the same request extends once. The result is what the test has left.',
  }),
  'member.extended': call({
    directions: ['master→agent'],
    params: z.object({
      member: Id,
      /** Seconds until the test times out, when this was said. */
      remaining: Seconds,
    }),
    result: z.object({}),
    idempotent: true,
    doc: "The test of a member, or of a command, has been given more time, or stands still: the agent's own watchdog waits so long too.",
  }),
  'member.freeze': call({
    directions: ['master→agent'],
    params: z.object({ member: Id, frozen: z.boolean() }),
    result: z.object({}),
    idempotent: true,
    doc: 'Freezes all processes of a member or of a command, or has them go on; its stop has them go on too.',
  }),
  'member.reboot': call({
    directions: ['master→agent'],
    params: z.object({ member: Id, incarnation: Incarnation, timeout: Seconds }),
    result: z.object({}),
    idempotent: true,
    doc: 'Reboots the machine for another member; answered when it is announced. Nothing to do where this incarnation has.',
  }),
  'member.prepare': call({
    directions: ['master→agent'],
    params: z.object({ spec: MemberOrder }),
    result: z.object({}),
    idempotent: true,
    doc: "Makes the member directory from files that are in the agent's digest cache.",
  }),
  'member.start': call({
    directions: ['master→agent'],
    params: z.object({ member: Id }),
    result: z.object({}),
    idempotent: true,
    doc: 'Starts a prepared member; a member starts once, however often it is asked.',
  }),
  'member.stop': call({
    directions: ['master→agent'],
    params: z.object({ member: Id, reason: StopReason }),
    result: z.object({}),
    idempotent: true,
    doc: 'Begins the stop ladder; `member.ended` says when it is over.',
  }),
  'member.forget': call({
    directions: ['master→agent'],
    params: z.object({ member: Id }),
    result: z.object({}),
    idempotent: true,
    doc: 'The master has everything: the member directory may go. What still runs of it is ended first; answered when nothing does.',
  }),
  'node.probe': call({
    directions: ['master→agent'],
    params: z.object({}),
    result: z.object({}),
    idempotent: true,
    doc: 'Answered at once: tells a living session from one whose machine is gone.',
  }),
};

/** Staging is the same conversation wherever files go: client to master, master to agent, and back from a machine. */
export const stagingCalls = {
  'blob.missing': call({
    directions: ['client→master', 'master→agent', 'agent→master'],
    params: z.object({ blobs: z.array(Blob) }),
    result: z.object({ missing: z.array(z.number().int().nonnegative()) }),
    idempotent: true,
    doc: 'Which of these contents the receiver lacks, as positions in the list; those are then sent as streams.',
  }),
};
