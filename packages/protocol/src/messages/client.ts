/** Between a client (CLI, REPL, program) and the master. */
import { z } from 'zod';
import { call, event } from '../entry.ts';
import { Id, MemberName, NodeName, Seconds } from '../ids.ts';
import { LIMITS } from '../limits.ts';
import { STATUSES } from '../statuses.ts';
import { ProtocolVersion } from './agent.ts';
import { Facts, Labels } from './spec.ts';
import { Blob } from './tree.ts';

export const StatusName = z.enum(STATUSES);

export const NodeState = z.enum(['offline', 'unreachable', 'idle', 'reserved', 'running']);
export type NodeState = z.infer<typeof NodeState>;

export const NodeView = z.object({
  name: NodeName,
  state: NodeState,
  /** The run that holds it. */
  run: z.number().int().positive().optional(),
  labels: Labels,
  facts: Facts,
  software: z.string(),
  /** Unix ms, master time. */
  since: z.number(),
});
export type NodeView = z.infer<typeof NodeView>;

export const RunPhase = z.enum(['queued', 'allocated', 'staging', 'running', 'collecting', 'finished']);
export type RunPhase = z.infer<typeof RunPhase>;

export const MemberState = z.enum(['waiting', 'staged', 'running', 'ended']);

export const MemberView = z.object({
  member: MemberName,
  node: NodeName,
  state: MemberState,
  status: StatusName.optional(),
});
export type MemberView = z.infer<typeof MemberView>;

export const TestView = z.object({
  name: z.string(),
  state: z.enum(['waiting', 'staging', 'running', 'collecting', 'ended']),
  status: StatusName.optional(),
  cause: z.string().optional(),
  duration: Seconds.optional(),
  /** Of a test that is under way, at most `LIMITS.membersShown`. */
  members: z.array(MemberView),
  /** How many members it has in all. */
  size: z.number().int().positive(),
});
export type TestView = z.infer<typeof TestView>;

export const RunHead = z.object({
  run: z.number().int().positive(),
  id: Id,
  suite: z.string(),
  phase: RunPhase,
  /** What a queued run waits for, in a sentence. */
  waitsFor: z.string().optional(),
  status: StatusName.optional(),
  cause: z.string().optional(),
  duration: Seconds.optional(),
  exit: z.number().int().optional(),
  /** The run directory on the master. */
  dir: z.string(),
  /** How many tests it has. */
  size: z.number().int().positive(),
});
export type RunHead = z.infer<typeof RunHead>;

/** A run as a client puts it together from events: no message carries it whole. */
export interface RunView extends RunHead {
  tests: TestView[];
}

const RunNumber = z.number().int().positive();

/** The higher the sooner; of equal ones the older first. */
export const Priority = z.number().int().min(-1000).max(1000);

/** A run in a list of runs. */
export const RunRow = RunHead.extend({
  /** When it was submitted: Unix ms, master time. */
  started: z.number(),
  priority: Priority,
  /** Of a queued run: 1 is next. */
  place: z.number().int().positive().optional(),
  /** Tests that have a verdict, and those of them whose verdict is not ok. */
  done: z.number().int().nonnegative(),
  notOk: z.number().int().nonnegative(),
});
export type RunRow = z.infer<typeof RunRow>;

/** The files of a report, by format: their names in the run directory. */
export const REPORT_FILES = {
  yaml: 'report.yaml',
  junit: 'junit.xml',
  maloo: 'results.yml',
  html: 'report.html',
} as const;
export type ReportFormat = keyof typeof REPORT_FILES;

const ReportFormats = z.enum(Object.keys(REPORT_FILES) as [ReportFormat, ...ReportFormat[]]);

/** What a member waits for, in a sync space. */
export const WaitView = z.object({
  /** `barrier "ready"`, or in run scope `barrier "ready" of the run` */
  on: z.string(),
  seconds: Seconds,
  /** Who could end it, the first few of them; empty where any other member could. In run scope `test/client.0`. */
  missing: z.array(z.string()),
  /** How many there are in all. */
  missingSize: z.number().int().nonnegative(),
});
export type WaitView = z.infer<typeof WaitView>;

/** One member of a test that is under way, and what it is at. */
export const MemberAt = MemberView.extend({ waits: z.array(WaitView) });
export type MemberAt = z.infer<typeof MemberAt>;

/** The test that a run is at. */
export const TestAt = z.object({
  name: z.string(),
  state: z.enum(['staging', 'running', 'collecting']),
  /** Since it began. */
  seconds: Seconds,
  /** Until it times out; absent before its members are started. */
  left: Seconds.optional(),
  /** Members who wait for each other, each circle once, the first few of them. */
  circles: z.array(z.array(MemberName)),
});
export type TestAt = z.infer<typeof TestAt>;

/** Of each log, by its key in the log frames, how many bytes a client has. */
export const LogPositions = z.record(z.string(), z.number().int().nonnegative());
export type LogPositions = z.infer<typeof LogPositions>;

export const clientCalls = {
  'client.hello': call({
    directions: ['client→master'],
    params: z.object({ protocol: ProtocolVersion, software: z.string() }),
    result: z.object({ master: Id, software: z.string() }),
    idempotent: true,
    doc: 'The first call of a client on every connection.',
  }),
  'nodes.list': call({
    directions: ['client→master'],
    params: z.object({
      /** Goes on behind this name. */
      after: NodeName.optional(),
    }),
    result: z.object({ nodes: z.array(NodeView), more: z.boolean() }),
    idempotent: true,
    doc: 'The nodes the master knows, sorted by name, a page at a time: `more` says that there are some behind the last.',
  }),
  'run.submit': call({
    directions: ['client→master'],
    params: z.object({
      /** Chosen by the client: submitting it again after a lost connection is the same run. */
      id: Id,
      /** A RunSpec as JSON, staged before like any file: it has no limit of a frame. */
      spec: Blob,
      /** true: the run is cancelled when the session that submitted it is gone. */
      owned: z.boolean(),
      /** Default 0. */
      priority: Priority.optional(),
    }),
    result: z.object({ run: RunNumber }),
    idempotent: true,
    doc: 'Queues a run whose files the master has; the caller then watches it.',
  }),
  'run.rerun': call({
    directions: ['client→master'],
    params: z.object({
      /** Chosen by the client: asking again after a lost connection is the same run. */
      id: Id,
      /** The run to repeat. */
      run: RunNumber,
      /** Only its tests that were not ok. */
      failed: z.boolean(),
      /** Default: that of the run. */
      priority: Priority.optional(),
    }),
    result: z.object({ run: RunNumber }),
    idempotent: true,
    doc: 'Queues a run once more, as it was submitted, from the files that the master still has.',
  }),
  'runs.list': call({
    directions: ['client→master'],
    params: z.object({
      /** Goes on below this number. */
      before: RunNumber.optional(),
      /** Those in one of these phases or with one of these verdicts; default: all. */
      phases: z.array(RunPhase).optional(),
      statuses: z.array(StatusName).optional(),
      /** Those whose suite matches: `*` any text, `?` one character. */
      suite: z.string().max(1024).optional(),
    }),
    result: z.object({ runs: z.array(RunRow), more: z.boolean() }),
    idempotent: true,
    doc: 'The runs of this master and of those before it, the newest first, a page at a time: `more` says that there are some behind the last.',
  }),
  'run.watch': call({
    directions: ['client→master'],
    params: z.object({ run: RunNumber }),
    result: z.object({}),
    idempotent: true,
    doc: 'Sends the run and each of its tests as events, as they are and after every change, until the run is finished.',
  }),
  'run.cancel': call({
    directions: ['client→master'],
    params: z.object({ run: RunNumber, reason: z.string().max(4096) }),
    result: z.object({}),
    idempotent: true,
    doc: 'Ends the run as INTERRUPTED by an operator; what there is so far is collected and reported. A run that has ended otherwise cannot be.',
  }),
  'run.ps': call({
    directions: ['client→master'],
    params: z.object({
      run: RunNumber,
      /** Goes on behind this member. */
      after: MemberName.optional(),
    }),
    result: z.object({
      head: RunHead,
      test: TestAt.optional(),
      members: z.array(MemberAt),
      more: z.boolean(),
    }),
    idempotent: true,
    doc: 'What the members of the test under way are doing and who waits for whom, a page at a time: `more` says that there are some behind the last.',
  }),
  'run.fetch': call({
    directions: ['client→master'],
    params: z.object({ run: RunNumber, logs: z.boolean() }),
    result: z.object({ files: z.number().int().nonnegative() }),
    idempotent: true,
    doc: "Sends the finished run's directory as streams; answered when all are complete.",
  }),
  'run.report': call({
    directions: ['client→master'],
    params: z.object({ run: RunNumber, format: ReportFormats }),
    /** 0 where there is no such file yet. */
    result: z.object({ files: z.number().int().nonnegative() }),
    idempotent: true,
    doc: 'Sends one file of the report as a stream, as it is now; answered when it is complete.',
  }),
  'run.logs': call({
    directions: ['client→master'],
    params: z.object({
      run: RunNumber,
      /** Chosen by the client: the stream `logs` that comes carries it. */
      feed: Id,
      /** A test by name or glob; default: all. */
      test: z.string().max(LIMITS.name.value).optional(),
      /** A member, a role, or a glob; default: all. */
      member: z.string().max(LIMITS.name.value).optional(),
      sources: z.array(z.enum(['stdout', 'stderr'])).min(1),
      /** Goes on until the run is finished. */
      follow: z.boolean(),
      /** Lines that were complete at this time (Unix ms, master time) or later. */
      since: z.number().optional(),
      /** The same, as seconds before now. */
      ago: Seconds.optional(),
      /** How far the client has each log, staged before as JSON, `LogPositions`: goes on there. */
      positions: Blob.optional(),
    }),
    result: z.object({}),
    idempotent: true,
    doc: 'Sends the lines of several logs in the order of time, as one stream of log frames; answered when all are sent.',
  }),
};

export const clientEvents = {
  'run.changed': event({
    directions: ['master→client'],
    params: RunHead,
    doc: 'The run as a whole changed.',
  }),
  'test.changed': event({
    directions: ['master→client'],
    params: z.object({ run: RunNumber, index: z.number().int().nonnegative(), test: TestView }),
    doc: 'A test of the run, or one of its members, changed.',
  }),
};
