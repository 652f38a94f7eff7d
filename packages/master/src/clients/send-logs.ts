/** Lines of several logs on their way to a client, for as long as its call lasts. */
import { type BlobCache, getJson, type Session } from '@tutti/link';
import { type Blob, type CallParams, LogPositions, TuttiError, validate } from '@tutti/protocol';
import type { LogNews } from '../logs/log-news.ts';
import type { RunUnderWay } from '../runs/run-under-way.ts';
import { LogFeed } from './log-feed.ts';

export interface SendLogsDeps {
  readonly run: RunUnderWay;
  readonly news: LogNews;
  readonly blobs: BlobCache;
  /** Unix ms, master time. */
  readonly now: number;
  readonly session: Pick<Session<'master→client', 'client→master'>, 'openStream'>;
  readonly signal: AbortSignal;
}

/** Resolves when the client has all. Throws `NO_SUCH_TEST`. */
export async function sendLogs(asked: CallParams<'run.logs'>, deps: SendLogsDeps): Promise<void> {
  const { run, news, blobs, now, session, signal } = deps;
  const { test, member, sources, follow, ago } = asked;
  const since = asked.since ?? (ago === undefined ? undefined : now - ago * 1000);
  const positions = asked.positions === undefined ? {} : await readPositions(asked.positions, blobs);
  const feed = new LogFeed({ run, news, test, member, sources, follow, since, positions });
  try {
    const stream = await session.openStream({ to: 'logs', feed: asked.feed }, feed);
    feed.onMore = () => stream.wake();
    const withdrawn = aborted(signal);
    // It fails with its session, or when the client refuses more.
    const failed = stream.reached(Number.MAX_SAFE_INTEGER);
    const length = await Promise.race([feed.ended, failed, withdrawn]);
    await stream.finish(length ?? stream.sent);
  } finally {
    await feed.close();
  }
}

async function readPositions(blob: Blob, blobs: BlobCache): Promise<LogPositions> {
  if (!(await blobs.has(blob.digest)))
    throw new TuttiError('DIGEST_MISMATCH', 'how far the client has the logs was not staged before it asked');
  const json = await getJson(blobs, blob).catch((cause: unknown) => {
    throw new TuttiError('BAD_PARAMS', 'how far the client has the logs is not JSON', { cause });
  });
  return validate(LogPositions, json, 'BAD_PARAMS', 'how far the client has the logs');
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener('abort', () => resolve(undefined), { once: true });
  });
}
