/** Between a client (CLI, REPL, program) and the master. */
import * as z from 'zod';
import { call, event } from '../entry.ts';
import { Id, MemberName, NodeName, Seconds } from '../ids.ts';
import { LIMITS } from '../limits.ts';
import { ProtocolVersion } from './agent.ts';
import { NodeHealth, ResultPlace, TestResult } from './history.ts';
import { LabelName, Labels } from './spec.ts';
import { Blob } from './tree.ts';
import {
  ExplanationView,
  MemberAt,
  NodeView,
  Priority,
  REPORT_FILES,
  Reason,
  type ReportFormat,
  RunHead,
  RunNumber,
  RunRow,
  RunStage,
  StatusName,
  TestAt,
  TestView,
} from './views.ts';

/** So many that their views fit into one frame. */
const NodeNames = z.array(NodeName).min(1).max(16);

const ReportFormats = z.enum(Object.keys(REPORT_FILES) as [ReportFormat, ...ReportFormat[]]);

export const clientCalls = {
  'client.hello': call({
    directions: ['client→master'],
    params: z.object({
      protocol: ProtocolVersion,
      software: z.string(),
      /** Random, the same on every connection of one process: what it started on machines is ended when it does not come back. */
      client: Id.optional(),
    }),
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
  'nodes.health': call({
    directions: ['client→master'],
    params: z.object({
      /** Goes on behind this name. */
      after: NodeName.optional(),
    }),
    result: z.object({ nodes: z.array(NodeHealth), more: z.boolean() }),
    idempotent: true,
    doc: 'How the last members on each node ended, sorted by name, a page at a time: `more` says that there are some behind the last.',
  }),
  'node.order': call({
    directions: ['client→master'],
    params: z.object({
      nodes: NodeNames,
      order: z.enum(['drained', 'maintenance', 'quarantined']),
      /** false: takes the order back. */
      on: z.boolean(),
      /** A quarantine has one. */
      reason: Reason.optional(),
    }),
    result: z.object({ nodes: z.array(NodeView) }),
    idempotent: true,
    doc: 'Takes machines out of service, or back into it: no run gets them, the one that has them goes on. Answered when that is durable.',
  }),
  'node.label': call({
    directions: ['client→master'],
    params: z.object({ nodes: NodeNames, set: Labels, remove: z.array(LabelName).max(LIMITS.labels.value) }),
    result: z.object({ nodes: z.array(NodeView) }),
    idempotent: true,
    doc: 'Sets and removes labels of machines, over those that their agents were configured with. Answered when that is durable.',
  }),
  'node.power': call({
    directions: ['client→master'],
    params: z.object({
      /** Chosen by the client: asked again after a lost connection it is not done again. */
      request: Id,
      node: NodeName,
      action: z.enum(['on', 'off', 'cycle']),
      /** Also when a run has the machine. */
      force: z.boolean(),
    }),
    result: z.object({
      /** The end of what the command wrote. */
      output: z.string(),
    }),
    idempotent: true,
    doc: "Runs the power command that the master's configuration has for the machine; answered when it has ended well.",
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
      /** true: waits for machines that the master does not know yet, too. */
      waitForNodes: z.boolean().optional(),
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
      /** Those that are at one of these or have one of these verdicts; default: all. */
      stages: z.array(RunStage).optional(),
      statuses: z.array(StatusName).optional(),
      /** Those whose suite matches: `*` any text, `?` one character. */
      suite: z.string().max(1024).optional(),
    }),
    result: z.object({ runs: z.array(RunRow), more: z.boolean() }),
    idempotent: true,
    doc: 'The runs of this master and of those before it, the newest first, a page at a time: `more` says that there are some behind the last.',
  }),
  'test.history': call({
    directions: ['client→master'],
    params: z.object({
      test: z.string().min(1).max(LIMITS.name.value),
      /** Those of suites that match: `*` any text, `?` one character. */
      suite: z.string().max(1024).optional(),
      /** Goes on below this one. */
      before: ResultPlace.optional(),
    }),
    result: z.object({ results: z.array(TestResult), more: z.boolean() }),
    idempotent: true,
    doc: 'What became of the tests of that name, the newest first, a page at a time: `more` says that there are some behind the last.',
  }),
  'run.watch': call({
    directions: ['client→master'],
    params: z.object({ run: RunNumber }),
    result: z.object({}),
    idempotent: true,
    http: 'GET /api/v1/runs/{run}/events',
    doc: 'Sends the run and each of its tests as events, as they are and after every change, until the run is finished.',
  }),
  'run.cancel': call({
    directions: ['client→master'],
    params: z.object({ run: RunNumber, reason: z.string().max(4096) }),
    result: z.object({}),
    idempotent: true,
    doc: 'Ends the run as INTERRUPTED by an operator; what there is so far is collected and reported. A run that has ended otherwise cannot be.',
  }),
  'run.resume': call({
    directions: ['client→master'],
    params: z.object({
      run: RunNumber,
      /** Default: the one test that is paused. */
      test: z.string().optional(),
      /**
       * `continue`: as if there had been no pause. `retry`: this attempt ends as it is, and another one follows, beyond those
       * of `retries`. `abort`: the run ends as INTERRUPTED.
       */
      how: z.enum(['continue', 'retry', 'abort']),
      /** Who decides, for the report. */
      by: z.string().min(1).max(LIMITS.name.value).optional(),
      /** Chosen by the client: asked again after a lost connection it is the same decision. */
      request: Id,
    }),
    result: z.object({}),
    idempotent: true,
    doc: 'Decides how a test goes on that is paused at a failure; the first decision stands. Answered when that is durable.',
  }),
  'run.freeze': call({
    directions: ['client→master'],
    params: z.object({
      run: RunNumber,
      /** Default: the one test that is paused. */
      test: z.string().optional(),
      member: MemberName,
      /** false: its processes go on. */
      frozen: z.boolean(),
    }),
    result: z.object({}),
    idempotent: true,
    endsWithCaller: true,
    doc: 'Freezes all processes of a member, and of what its driver started there, while its test is paused; they go on with the test at the latest.',
  }),
  'run.ps': call({
    directions: ['client→master'],
    params: z.object({
      run: RunNumber,
      /** One of the tests under way; default: the first. */
      test: z.string().optional(),
      /** Goes on behind this member. */
      after: MemberName.optional(),
    }),
    result: z.object({
      head: RunHead,
      test: TestAt.optional(),
      /** The names of the other tests under way, the first of them. */
      others: z.array(z.string()).optional(),
      members: z.array(MemberAt),
      more: z.boolean(),
    }),
    idempotent: true,
    doc: 'What the members of a test under way are doing and who waits for whom, a page at a time: `more` says that there are some behind the last.',
  }),
  'run.explain': call({
    directions: ['client→master'],
    params: z.object({ run: RunNumber }),
    result: ExplanationView,
    idempotent: true,
    doc: 'What a run waits for, who has it, since when, and when the run can start at the latest.',
  }),
  'run.fetch': call({
    directions: ['client→master'],
    params: z.object({ run: RunNumber, logs: z.boolean() }),
    result: z.object({ files: z.number().int().nonnegative() }),
    idempotent: true,
    http: 'GET /api/v1/runs/{run}/files',
    doc: "Sends the finished run's directory as streams; answered when all are complete.",
  }),
  'run.report': call({
    directions: ['client→master'],
    params: z.object({ run: RunNumber, format: ReportFormats }),
    /** 0 where there is no such file yet. */
    result: z.object({ files: z.number().int().nonnegative() }),
    idempotent: true,
    http: 'GET /api/v1/runs/{run}/report',
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
    http: 'GET /api/v1/runs/{run}/logs',
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
