/**
 * Lines of a run's logs, in the order of time, live if wanted.
 *
 * Guarantees: every line once, across lost connections and restarted masters: what was handed on is counted in bytes of each
 * log, and the next connection goes on there. The next text is not taken before the one before it was dealt with: a slow
 * reader slows the master's reading down, and nothing else.
 */
import { randomBytes } from 'node:crypto';
import type { StreamSink } from '@tutti/link';
import {
  type CallParams,
  type LogBegin,
  LogFrameDecoder,
  type LogName,
  type LogPositions,
} from '@tutti/protocol';
import type { MasterClient } from './master-client.ts';
import { stageJson } from './stage.ts';

export interface LogText {
  readonly log: LogName;
  /** Unix ms, master time. */
  readonly at: number;
  /** Whole lines, but for one of more than 64 KiB, and for the end of a log without a line feed. */
  readonly bytes: Uint8Array;
}

export interface LogListener {
  /** Once, before all texts. */
  begin?(begin: LogBegin): void;
  /** Texts that came together. What they hold is good until it resolves. */
  texts(texts: readonly LogText[]): Promise<void>;
}

export type LogQuery = Omit<CallParams<'run.logs'>, 'feed' | 'positions'>;

/** Resolves when all was handed on. Throws `NO_SUCH_RUN`, `NO_SUCH_TEST`, and what the listener throws. */
export async function readLogs(
  client: MasterClient,
  query: LogQuery,
  listener: LogListener,
  signal?: AbortSignal,
): Promise<void> {
  const reader = new LogsReader(listener);
  await client.persist(async (session) => {
    // What the connection before has brought may still be on its way to the reader.
    await reader.settled;
    const { positions } = reader;
    const from =
      Object.keys(positions).length === 0 ? {} : { positions: await stageJson(client, positions, signal) };
    const feed = randomBytes(16).toString('hex');
    const stop = client.receiveFeed(feed, () => reader.sink());
    try {
      await session.call('run.logs', { ...query, ...reader.since, feed, ...from }, { signal });
    } catch (error) {
      // The master would tell it back to us, as a failure of its own call.
      throw reader.failure ?? error;
    } finally {
      stop();
    }
  }, signal);
}

class LogsReader {
  readonly positions: LogPositions = {};
  /** Resolves when nothing is being dealt with. */
  settled: Promise<void> = Promise.resolve();
  /** What the listener threw. */
  failure: unknown;
  readonly #listener: LogListener;
  #begin: LogBegin | undefined;

  constructor(listener: LogListener) {
    this.#listener = listener;
  }

  /** The same instant as the first time, whatever the time is now. */
  get since(): { since?: number } {
    return this.#begin?.since === undefined ? {} : { since: this.#begin.since };
  }

  /** For the stream of one connection. */
  sink(): StreamSink {
    const decoder = new LogFrameDecoder();
    const logs = new Map<number, LogName>();
    let over = false;
    return {
      length: 0,
      write: async (bytes) => {
        if (over) return;
        const writing = this.#take(decoder, logs, bytes);
        this.settled = writing.catch(() => {});
        await writing;
      },
      async finish() {},
      abort() {
        over = true;
      },
    };
  }

  async #take(decoder: LogFrameDecoder, logs: Map<number, LogName>, bytes: Uint8Array): Promise<void> {
    const texts: LogText[] = [];
    const reached: LogPositions = {};
    for (const frame of decoder.push(bytes)) {
      if (frame.kind === 'begin') this.#begins(frame.begin);
      if (frame.kind === 'log') logs.set(frame.log.n, frame.log);
      const log = frame.kind === 'text' ? logs.get(frame.n) : undefined;
      if (frame.kind !== 'text' || log === undefined) continue;
      texts.push({ log, at: frame.at, bytes: frame.bytes });
      reached[log.key] = frame.offset + frame.bytes.byteLength;
    }
    if (texts.length === 0) return;
    try {
      await this.#listener.texts(texts);
    } catch (error) {
      this.failure ??= error;
      throw error;
    }
    Object.assign(this.positions, reached);
  }

  #begins(begin: LogBegin): void {
    if (this.#begin !== undefined) return;
    this.#begin = begin;
    this.#listener.begin?.(begin);
  }
}
