/** Lines of a run's logs as text or as lines of JSON, made as their reader takes them; followed until the run ends or `signal`. */
import { LIMITS, LogFrameDecoder, type LogName, linesOf, logLine } from '@tutti/protocol';
import type { LogFeed } from '../clients/log-feed.ts';

export type LogFormat = 'text' | 'ndjson';

const END = Buffer.from('\n');

export interface LogTextOptions {
  readonly run: number;
  readonly format: LogFormat;
  readonly signal: AbortSignal;
}

export async function* logText(
  feed: Pick<LogFeed, 'read' | 'ended' | 'onMore'>,
  { run, format, signal }: LogTextOptions,
): AsyncGenerator<Uint8Array> {
  const lines = new Lines(run, format);
  const decoder = new LogFrameDecoder();
  const buffer = Buffer.allocUnsafeSlow(LIMITS.chunk.value);
  let news = Promise.withResolvers<void>();
  let over = false;
  const wake = () => news.resolve();
  const end = () => {
    over = true;
    wake();
  };
  feed.onMore = wake;
  feed.ended.then(end, end);
  signal.addEventListener('abort', end, { once: true });
  for (let at = 0; !signal.aborted; ) {
    // Made before it is looked: what comes later wakes.
    news = Promise.withResolvers<void>();
    const length = await feed.read(at, buffer);
    at += length;
    if (length === 0) {
      if (over) return;
      await news.promise;
      continue;
    }
    const bytes = lines.of(decoder.push(buffer.subarray(0, length)));
    if (bytes.byteLength > 0) yield bytes;
  }
}

class Lines {
  readonly #run: number;
  readonly #format: LogFormat;
  readonly #logs = new Map<number, LogName>();
  #severalTests = false;

  constructor(run: number, format: LogFormat) {
    this.#run = run;
    this.#format = format;
  }

  /** Copies: what frames hold is good until the next. */
  of(frames: ReturnType<LogFrameDecoder['push']>): Uint8Array {
    const parts: Uint8Array[] = [];
    for (const frame of frames) {
      if (frame.kind === 'begin') this.#severalTests = frame.begin.severalTests;
      else if (frame.kind === 'log') this.#logs.set(frame.log.n, frame.log);
      else {
        const log = this.#logs.get(frame.n);
        if (log !== undefined) parts.push(...this.#lines(log, frame.at, frame.bytes));
      }
    }
    return Buffer.concat(parts);
  }

  #lines(log: LogName, at: number, bytes: Uint8Array): Uint8Array[] {
    const lines = linesOf(bytes);
    if (this.#format === 'ndjson')
      return lines.map((line) => Buffer.from(`${JSON.stringify(logLine(this.#run, log, at, line))}\n`));
    const prefix = Buffer.from(`${this.#name(log)} | `);
    return lines.flatMap((line) => [prefix, line, END]);
  }

  /** As `tutti logs` shows it. */
  #name({ test, attempt, member }: LogName): string {
    const again = attempt === 1 ? '' : `#${attempt}`;
    const name = this.#severalTests ? `${test}${again}/${member}` : `${member}${again}`;
    return name.replaceAll('\n', ' ');
  }
}
