/** What a client (CLI, REPL, program) may ask of the master: one handler per call of the catalogue. */
import type { Logger } from '@tutti/link';
import { type BlobCache, checkVersion, getJson, type Handlers, Session, type Transport } from '@tutti/link';
import { type Blob, LIMITS, REPORT_FILES, RunSpec, TuttiError, validate } from '@tutti/protocol';
import type { Registry } from '../agents/registry.ts';
import type { LogNews } from '../logs/log-news.ts';
import type { OperatorsPower } from '../machines/operators-power.ts';
import type { MasterClock } from '../master-clock.ts';
import type { Ownership } from '../runs/ownership.ts';
import { psView, underWay } from '../runs/ps.ts';
import type { RunListener } from '../runs/run-deps.ts';
import type { Runs } from '../runs/runs.ts';
import { runHead, testView } from '../runs/view.ts';
import type { History } from '../store/history.ts';
import type { RunList } from '../store/run-list.ts';
import type { SyncBroker } from '../sync/broker.ts';
import { explainRun } from './explain-run.ts';
import { nodesHealth, testHistory } from './history.ts';
import { listRuns } from './list-runs.ts';
import { labelNodes, orderNodes } from './order-nodes.ts';
import { specAgain } from './rerun.ts';
import { sendLogs } from './send-logs.ts';
import { sendReport } from './send-report.ts';
import { sendResults } from './send-results.ts';

export interface ClientSessionDeps {
  master: string;
  software: string;
  clock: MasterClock;
  registry: Registry;
  power: OperatorsPower;
  runs: Runs;
  runList: RunList;
  history: History;
  ownership: Ownership;
  broker: SyncBroker;
  blobs: BlobCache;
  news: LogNews;
  log: Logger;
}

export type ClientSession = Session<'master→client', 'client→master'>;

/** Serves a client's connection until it ends; runs it owns are cancelled when it does not come back. */
export function serveClient(transport: Transport, deps: ClientSessionDeps): ClientSession {
  const { registry, runs, blobs, log } = deps;
  /** Runs that this client owns, and those it watches, by number: once each, however often it asks. */
  const owned = new Set<number>();
  const watched = new Set<number>();
  /** Readers of logs: each holds open files. */
  let feeds = 0;

  const handlers: Handlers<'client→master'> = {
    'client.hello': ({ protocol }) => {
      checkVersion(protocol, 'the client');
      return { master: deps.master, software: deps.software };
    },
    'nodes.list': ({ after }) => registry.page(after),
    'nodes.health': ({ after }) => nodesHealth(after, registry, deps.history),
    'node.order': (order) => orderNodes(order, registry, deps.clock),
    'node.label': (order) => labelNodes(order, registry),
    'node.power': async (order) => ({ output: await deps.power.change(order) }),
    'run.explain': ({ run: number }) => explainRun(runs.get(number), runs, deps.clock.wallMs()),
    'blob.missing': async ({ blobs: asked }) => ({ missing: await blobs.missing(asked) }),
    'run.submit': async ({ id, spec: blob, owned: owns, priority, waitForNodes }) => {
      const spec = await readSpec(blob, blobs);
      const run = await runs.submit(id, spec, owns ?? false, { priority, waitForNodes });
      const { number } = run.model;
      if (owns && !owned.has(number)) {
        owned.add(number);
        // Told at once when the client has gone meanwhile.
        session.onClosed(deps.ownership.own(run));
      }
      return { run: number };
    },
    'run.rerun': async ({ id, run: number, failed, priority }) => {
      const { model } = runs.get(number);
      const spec = await specAgain(model, failed, blobs);
      const again = await runs.submit(id, spec, false, { priority: priority ?? model.priority });
      return { run: again.model.number };
    },
    'runs.list': (query) => listRuns(query, deps.runList, runs),
    'test.history': (query) => testHistory(query, deps.history),
    'run.watch': ({ run: number }) => {
      const run = runs.get(number);
      const tell = teller(session);
      if (!watched.has(number)) session.onClosed(runs.watch(run, tell));
      watched.add(number);
      tell({ run: run.model, tests: [...run.model.tests.keys()] });
      return {};
    },
    'run.ps': ({ run: number, after }) => {
      const run = runs.get(number);
      const { model } = run;
      const { clock, broker } = deps;
      const at = underWay(model);
      const attempt = at?.attempt.id;
      const waits = attempt === undefined ? [] : broker.waits(attempt);
      const now = {
        waits,
        wallMs: clock.wallMs(),
        left: at && run.left(at.test),
      };
      return psView(model, now, after);
    },
    'run.cancel': ({ run, reason }) => {
      const found = runs.get(run);
      const { phase, status, cancelled } = found.model;
      // Asked again after a lost connection it is what was wanted.
      if (phase === 'finished' && cancelled === undefined)
        throw new TuttiError('RUN_FINISHED', `run ${run} has ended already: ${status}`);
      runs.cancel(found, reason);
      return {};
    },
    'run.fetch': async ({ run: number, logs }, { signal }) => {
      const dir = await runs.results(number);
      return { files: await sendResults(dir, number, logs, session, signal) };
    },
    'run.report': async ({ run: number, format }) => {
      const dir = await runs.directory(number);
      return { files: Number(await sendReport(dir, REPORT_FILES[format], number, session)) };
    },
    'run.logs': async (asked, { signal }) => {
      const run = runs.get(asked.run);
      const { news } = deps;
      if (feeds >= LIMITS.openFeeds.value)
        throw new TuttiError(
          'TOO_MANY_CALLS',
          `more than ${LIMITS.openFeeds.value} readers of logs in one session`,
        );
      feeds += 1;
      try {
        await sendLogs(asked, { run, news, blobs, now: deps.clock.wallMs(), session, signal });
        return {};
      } finally {
        feeds -= 1;
      }
    },
  };

  const session: ClientSession = new Session({
    transport,
    sends: 'master→client',
    receives: 'client→master',
    handlers,
    events: {},
    accept: (target) => {
      if (target.to !== 'blob') throw new TuttiError('BAD_PARAMS', `a client does not send a ${target.to}`);
      return blobs.writer(target.digest, target.size);
    },
    clock: deps.clock,
    opening: 'client.hello',
    onDefect: (error, where) =>
      log.error({ err: error, conn: transport.peer }, `a defect while serving ${where}`),
  });
  return session;
}

/** Throws `BAD_PARAMS` for a spec that is not one, `DIGEST_MISMATCH` for one that was not staged. */
async function readSpec(blob: Blob, blobs: BlobCache): Promise<RunSpec> {
  if (!(await blobs.has(blob.digest)))
    throw new TuttiError('DIGEST_MISMATCH', 'the spec of the run was not staged before it was submitted');
  const json = await getJson(blobs, blob).catch((cause: unknown) => {
    throw new TuttiError('BAD_PARAMS', 'the spec of the run is not JSON', { cause });
  });
  const spec = validate(RunSpec, json, 'BAD_PARAMS', 'the spec of the run');
  const files = spec.files.filter((entry) => entry.kind === 'file');
  const missing = await blobs.missing(files);
  const first = files[missing[0] ?? -1];
  if (first)
    throw new TuttiError(
      'DIGEST_MISMATCH',
      `${missing.length} files of the run were not staged before it was submitted, ${first.path} among them`,
    );
  return spec;
}

/** The head comes last: who sees a run finished has seen all its tests. */
function teller(session: ClientSession): RunListener {
  return ({ run, tests }) => {
    for (const index of tests) {
      const test = run.tests[index];
      if (test) session.emit('test.changed', { run: run.number, index, test: testView(test) });
    }
    session.emit('run.changed', runHead(run));
  };
}
