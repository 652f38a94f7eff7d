/**
 * The HTTP API behind the gate: the calls of clients, and what is read of runs. Loaded when it is first asked for.
 *
 * Whatever goes wrong is answered by an `Error`; a defect is logged. What a client that has gone was waiting for is withdrawn
 * where it can be.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { BlobCache, Logger } from '@tutti/link';
import { LIMITS, REPORT_FILES, TuttiError, validate } from '@tutti/protocol';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { ClientCalls } from '../clients/client-calls.ts';
import { LogFeed } from '../clients/log-feed.ts';
import type { LogNews } from '../logs/log-news.ts';
import type { MasterClock } from '../master-clock.ts';
import type { Runs } from '../runs/runs.ts';
import { openBlob, putBlob } from './blobs.ts';
import { addCallRoute, CALL_PATH } from './call-route.ts';
import { failureOf, refusalOf } from './failure.ts';
import { listFiles } from './file-list.ts';
import { sendRunFile } from './files.ts';
import { logText } from './log-text.ts';
import { openApiDocument } from './openapi.ts';
import { type RouteEntry, type RouteName, type RouteParams, type RouteQuery, routes } from './routes.ts';
import { FINISHED, runEvents } from './run-events.ts';
import { openRunFile } from './run-file.ts';
import { goneSignal, sendPieces, whenGone } from './streaming.ts';

export interface ApiDeps {
  readonly calls: ClientCalls;
  readonly runs: Pick<Runs, 'get' | 'directory' | 'watch'>;
  readonly blobs: BlobCache;
  readonly news: LogNews;
  readonly clock: MasterClock;
  readonly log: Logger;
}

export interface Api {
  handle(request: IncomingMessage, response: ServerResponse): void;
  close(): Promise<void>;
}

interface Asked<K extends RouteName> {
  readonly params: RouteParams<K>;
  readonly query: RouteQuery<K>;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

/** A total map: a missing handler does not compile. What it returns is sent, unless it has sent it. */
type RouteHandlers = { [K in RouteName]: (asked: Asked<K>) => Promise<unknown> };

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'] as const;

export async function openApi(deps: ApiDeps): Promise<Api> {
  const { log } = deps;
  const app = fastify({
    logger: false,
    bodyLimit: LIMITS.httpBody.value,
    exposeHeadRoutes: false,
    // A path of the catalogue or of a run: what is too long is not there.
    routerOptions: { maxParamLength: 4096 },
    onProtoPoisoning: 'error',
    onConstructorPoisoning: 'ignore',
    frameworkErrors: (error, _request, reply) => void refuse(reply, error),
  });
  app.removeContentTypeParser('text/plain');
  app.addHook('onSend', async (_request, reply) => {
    reply.header('x-content-type-options', 'nosniff');
  });
  app.addHook('onRequest', async ({ headers }) => {
    if ((headers['content-encoding'] ?? 'identity') !== 'identity')
      throw new TuttiError('WRONG_CONTENT_TYPE', `a body in ${headers['content-encoding']} is not unpacked`);
  });
  app.setErrorHandler((error, request, reply) => {
    if (refusalOf(error as Error) === undefined)
      log.error({ err: error }, `a defect while serving ${request.method} ${request.url}`);
    return refuse(reply, error as Error);
  });
  app.setNotFoundHandler(({ url }) => {
    throw new TuttiError('NO_SUCH_ROUTE', `there is no ${url.slice(0, 200)}`);
  });
  addCallRoute(app, deps.calls);
  refuseOthers(app, CALL_PATH, ['POST']);
  await app.register(async (files) => {
    // Their bodies are streams, of whatever kind they say.
    files.removeAllContentTypeParsers();
    files.addContentTypeParser('*', (_request, _body, done) => done(null));
    addRoutes(files, routeHandlers(deps));
  });
  await app.ready();
  return {
    handle: (request, response) => app.routing(request, response),
    close: () => app.close(),
  };
}

function refuse(reply: FastifyReply, error: Error): FastifyReply {
  const { status, body } = failureOf(refusalOf(error) ?? TuttiError.from(error));
  for (const header of ['content-type', 'content-length', 'content-disposition', 'etag', 'last-modified'])
    reply.removeHeader(header);
  return reply.code(status).header('cache-control', 'no-store').send(body);
}

function addRoutes(app: FastifyInstance, handlers: RouteHandlers): void {
  const answered = new Map<string, string[]>();
  for (const [name, entry] of Object.entries(routes) as [RouteName, RouteEntry][]) {
    const methods = entry.head ? [entry.method, 'HEAD' as const] : [entry.method];
    const url = entry.path.replace('{path}', '*').replaceAll(/\{(\w+)\}/g, ':$1');
    const handler = handlers[name] as (asked: unknown) => Promise<unknown>;
    app.route({
      method: methods,
      url,
      handler: (request, reply) => {
        const { '*': path, ...params } = request.params as Record<string, string>;
        const given = path === undefined ? params : { ...params, path };
        return handler({
          params: validate(entry.params, given, 'BAD_PARAMS', entry.path),
          query: validate(entry.query, request.query, 'BAD_PARAMS', 'the query'),
          request,
          reply,
        });
      },
    });
    answered.set(url, [...(answered.get(url) ?? []), ...methods]);
  }
  for (const [url, methods] of answered) refuseOthers(app, url, methods);
}

/** By another method: 405, and by which. */
function refuseOthers(app: FastifyInstance, url: string, methods: readonly string[]): void {
  app.route({
    method: METHODS.filter((method) => !methods.includes(method)),
    url,
    // Whatever its body is: it is not read.
    onRequest: async ({ method, url: asked }, reply) => {
      reply.header('allow', methods.join(', '));
      throw new TuttiError(
        'WRONG_METHOD',
        `${asked.slice(0, 200)} is for ${methods.join(' or ')}, not ${method}`,
      );
    },
    handler: () => undefined,
  });
}

function routeHandlers({ runs, blobs, news, clock, log }: ApiDeps): RouteHandlers {
  const deps = { clock, log };
  const document = JSON.stringify(openApiDocument(), undefined, 2);
  let feeds = 0;
  return {
    openapi: async ({ reply }) => reply.type('application/json; charset=utf-8').send(document),
    'blob.put': ({ params, request }) => putBlob(params.digest, request.raw, blobs, clock),
    'blob.get': async ({ params: { digest }, request, reply }) =>
      sendRunFile(request, reply, await openBlob(digest, blobs), digest, deps),
    'run.report': async ({ params: { run }, query: { format = 'yaml' }, request, reply }) => {
      const name = REPORT_FILES[format];
      const file = await openRunFile(await runs.directory(run), name, run).catch((error: unknown) => {
        const cause = TuttiError.from(error);
        if (cause.code !== 'NO_SUCH_FILE') throw error;
        throw new TuttiError('NO_SUCH_REPORT', `run ${run} has no report as ${format} yet`, { cause });
      });
      return sendRunFile(request, reply, file, name, deps);
    },
    'run.files': async ({ params: { run }, query: { after } }) => listFiles(await runs.directory(run), after),
    'run.file': async ({ params: { run, path }, request, reply }) => {
      const file = await openRunFile(await runs.directory(run), path, run);
      return sendRunFile(request, reply, file, path, deps);
    },
    'run.logs': async ({ params, query, reply }) => {
      const { test, member, source = ['stdout', 'stderr'], follow = false, format = 'text', ago } = query;
      const run = runs.get(params.run);
      if (feeds >= LIMITS.httpFeeds.value)
        throw new TuttiError(
          LIMITS.httpFeeds.code,
          `more than ${LIMITS.httpFeeds.value} readers of logs by HTTP`,
        );
      const since = query.since ?? (ago === undefined ? undefined : clock.wallMs() - ago * 1000);
      const words = { test, member, sources: [...new Set(source)] };
      const feed = new LogFeed({ run, news, ...words, follow, since, positions: {} });
      feeds += 1;
      whenGone(reply, () => {
        feeds -= 1;
        void feed.close();
      });
      const type = format === 'text' ? 'text/plain; charset=utf-8' : 'application/x-ndjson';
      const text = logText(feed, { run: params.run, format, signal: goneSignal(reply) });
      return sendPieces(reply.headers({ ...LIVE, 'content-type': type }), text, deps);
    },
    'run.events': async ({ params, request, reply }) => {
      const run = runs.get(params.run);
      // Else it would come back for ever.
      if (request.headers['last-event-id'] === FINISHED) return reply.code(204).send();
      const pieces = runEvents({
        run: run.model,
        watch: (listener) => runs.watch(run, listener),
        clock,
        signal: goneSignal(reply),
      });
      return sendPieces(reply.headers({ ...LIVE, 'content-type': 'text/event-stream' }), pieces, deps);
    },
  };
}

/** Nothing on the way keeps it, or holds it back until there is more. */
const LIVE = { 'cache-control': 'no-store', 'x-accel-buffering': 'no' };
