/**
 * A client (CLI, REPL, program) on its WebSocket: what works by the streams and events of its session, and what a session may
 * own, is here. All other calls are those of client-calls.ts, the same as by HTTP.
 */
import { randomBytes } from 'node:crypto';
import { type Handlers, type Logger, Session, type Transport } from '@tutti/link';
import { LIMITS, REPORT_FILES, TuttiError } from '@tutti/protocol';
import type { LogNews } from '../logs/log-news.ts';
import type { Ownership } from '../runs/ownership.ts';
import type { RunListener } from '../runs/run-deps.ts';
import { runHead, testView } from '../runs/view.ts';
import type { Sessions } from '../sessions/sessions.ts';
import { type ClientCallsDeps, clientCalls } from './client-calls.ts';
import { nodeHandlers } from './node-calls.ts';
import { sendContents } from './send-contents.ts';
import { sendLogs } from './send-logs.ts';
import { sendReport } from './send-report.ts';
import { sendResults } from './send-results.ts';
import { submitRun } from './submit-run.ts';

export interface ClientSessionDeps extends ClientCallsDeps {
  ownership: Ownership;
  sessions: Pick<Sessions, 'join'>;
  news: LogNews;
  log: Logger;
}

export type ClientSession = Session<'master→client', 'client→master'>;

/** Serves a client's connection until it ends; runs it owns are cancelled when it does not come back. */
export function serveClient(transport: Transport, deps: ClientSessionDeps): ClientSession {
  const { runs, blobs, log } = deps;
  /** Runs that this client owns, and those it watches, by number: once each, however often it asks. */
  const owned = new Set<number>();
  const watched = new Set<number>();
  /** Readers of logs: each holds open files. */
  let feeds = 0;

  let client: string | undefined;

  const calls = clientCalls(deps);
  const handlers: Handlers<'client→master'> = {
    ...calls,
    ...nodeHandlers(deps, () => client),
    'client.hello': (hello, context) => {
      // What it starts on machines is ended when it has been gone for a while.
      client = hello.client ?? randomBytes(16).toString('hex');
      session.onClosed(deps.console.presence.come(client));
      return calls['client.hello'](hello, context);
    },
    'run.submit': async (asked) => {
      const run = await submitRun(asked, { runs, blobs });
      const { number } = run.model;
      if (asked.owned && !owned.has(number)) {
        owned.add(number);
        // Told at once when the client has gone meanwhile.
        session.onClosed(deps.ownership.own(run));
      }
      return { run: number };
    },
    'session.join': (asked, { signal }) =>
      deps.sessions.join(
        asked,
        transport.peer,
        (waitsFor) => session.emit('session.changed', { session: asked.session, waitsFor }),
        signal,
      ),
    'run.watch': ({ run: number }) => {
      const run = runs.get(number);
      const tell = teller(session);
      if (!watched.has(number)) session.onClosed(runs.watch(run, tell));
      watched.add(number);
      tell({ run: run.model, tests: [...run.model.tests.keys()] });
      return {};
    },
    'blob.fetch': async ({ blobs: wanted }, { signal }) => {
      await sendContents(wanted, blobs, session, signal);
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
