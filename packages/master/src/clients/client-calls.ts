/**
 * The calls of clients that are a question and its answer: one handler each, for the sessions of clients and for HTTP alike.
 * Those that work by the streams and events of a session are in client-session.ts.
 */
import { type BlobCache, checkVersion, type Handlers } from '@tutti/link';
import { type HttpCallName, TuttiError } from '@tutti/protocol';
import type { Registry } from '../agents/registry.ts';
import type { Console } from '../commands/console.ts';
import type { OperatorsPower } from '../machines/operators-power.ts';
import type { MasterClock } from '../master-clock.ts';
import { psView, underWay } from '../runs/ps.ts';
import type { Runs } from '../runs/runs.ts';
import type { History } from '../store/history.ts';
import type { RunList } from '../store/run-list.ts';
import type { SyncBroker } from '../sync/broker.ts';
import { explainRun } from './explain-run.ts';
import { nodesHealth, testHistory } from './history.ts';
import { listRuns } from './list-runs.ts';
import { nodeHandlers } from './node-calls.ts';
import { labelNodes, orderNodes } from './order-nodes.ts';
import { specAgain } from './rerun.ts';
import { freezeMember, resumeRun } from './resume-run.ts';
import { submitRun } from './submit-run.ts';
import type { NodeWatch } from './watch-nodes.ts';
import type { RunWatch } from './watch-runs.ts';

export interface ClientCallsDeps {
  master: string;
  software: string;
  clock: MasterClock;
  registry: Registry;
  power: OperatorsPower;
  runs: Runs;
  runList: RunList;
  history: History;
  broker: SyncBroker;
  console: Console;
  blobs: BlobCache;
  watches: { readonly nodes: NodeWatch; readonly runs: RunWatch };
}

/** A total map: a missing handler does not compile. */
export type ClientCalls = Pick<Handlers<'client→master'>, HttpCallName>;

export function clientCalls(deps: ClientCallsDeps): ClientCalls {
  const { registry, runs, blobs, clock, broker } = deps;
  return {
    'client.hello': ({ protocol }) => {
      checkVersion(protocol, 'the client');
      return { master: deps.master, software: deps.software };
    },
    'nodes.list': ({ after }) => registry.page(after),
    'nodes.watch': (asked, { signal }) => deps.watches.nodes.ask(asked, signal),
    'runs.watch': (asked, { signal }) => deps.watches.runs.ask(asked, signal),
    'nodes.health': ({ after }) => nodesHealth(after, registry, deps.history),
    'node.order': (order) => orderNodes(order, registry, clock),
    'node.label': (order) => labelNodes(order, registry),
    ...nodeHandlers(deps),
    'node.power': async (order) => ({ output: await deps.power.change(order) }),
    'blob.missing': async ({ blobs: asked }) => ({ missing: await blobs.missing(asked) }),
    'run.submit': async (asked) => {
      if (asked.owned)
        throw new TuttiError(
          'BAD_PARAMS',
          'run.submit: owned: only a client that stays connected by WebSocket can own a run; say false, and cancel it by run.cancel',
        );
      const run = await submitRun(asked, { runs, blobs });
      return { run: run.model.number };
    },
    'run.rerun': async ({ id, run: number, failed, priority }) => {
      const { model } = runs.get(number);
      const spec = await specAgain(model, failed, blobs);
      const again = await runs.submit(id, spec, false, { priority: priority ?? model.priority });
      return { run: again.model.number };
    },
    'run.explain': ({ run: number }) => explainRun(runs.get(number), runs, clock.wallMs()),
    'runs.list': (query) => listRuns(query, deps.runList, runs),
    'test.history': (query) => testHistory(query, deps.history),
    'run.ps': ({ run: number, test, after }) => {
      const run = runs.get(number);
      const { model } = run;
      const at = underWay(model, test);
      const attempt = at?.attempt.id;
      const waits = attempt === undefined ? [] : broker.waits(attempt);
      const now = {
        waits,
        wallMs: clock.wallMs(),
        left: at && run.left(at.test),
      };
      return psView(model, now, after, test);
    },
    'run.resume': (asked) => resumeRun(asked, runs),
    'run.freeze': (asked, { signal }) => freezeMember(asked, runs, signal),
    'run.cancel': ({ run, reason }) => {
      const found = runs.get(run);
      const { phase, status, cancelled } = found.model;
      // Asked again after a lost connection it is what was wanted.
      if (phase === 'finished' && cancelled === undefined)
        throw new TuttiError('RUN_FINISHED', `run ${run} has ended already: ${status}`);
      runs.cancel(found, reason);
      return {};
    },
  };
}
