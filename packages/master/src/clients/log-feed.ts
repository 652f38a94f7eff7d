/**
 * Lines of a run's logs as the source of a stream, as log frames, following the run live until it ends.
 *
 * Nothing is read before it can be sent, so a client that does not read costs a cursor for each log and one piece. Told of
 * growth, it wakes the stream; it never looks again by a timer.
 */
import { basename, dirname, join } from 'node:path';
import type { ByteSource } from '@tutti/link';
import { encodeLogFrame, type LogFrame, type LogPositions } from '@tutti/protocol';
import { type ChosenLog, LogChoice, type LogWords } from '../logs/choose-logs.ts';
import { LogCursor } from '../logs/log-cursor.ts';
import { LogFile } from '../logs/log-file.ts';
import type { LogGrowth, LogNews } from '../logs/log-news.ts';
import { LogMerge } from '../logs/merge.ts';
import { OpenFiles } from '../logs/open-files.ts';
import type { Run } from '../runs/model.ts';
import type { RunUnderWay } from '../runs/run-under-way.ts';

export interface LogFeedOptions extends LogWords {
  readonly run: Pick<RunUnderWay, 'model' | 'onChange'>;
  readonly news: Pick<LogNews, 'follow'>;
  readonly follow: boolean;
  /** Unix ms. */
  readonly since?: number | undefined;
  readonly positions: LogPositions;
}

/** A log that is in the timeline. */
interface Log {
  readonly name: Omit<ChosenLog, 'path' | 'complete'>;
  readonly file: LogFile;
  /** Its number, once it was announced. */
  n?: number;
  complete: boolean;
}

export class LogFeed implements ByteSource {
  /** Resolves with how many bytes there were in all; rejects when a log cannot be read. */
  readonly ended: Promise<number>;
  readonly #options: LogFeedOptions;
  readonly #choice: LogChoice;
  readonly #run: Run;
  readonly #files = new OpenFiles();
  readonly #merge = new LogMerge<Log>();
  readonly #logs = new Map<string, Log>();
  /** Directories of members whose logs are meant → their test. */
  readonly #dirs = new Map<string, number>();
  readonly #end = Promise.withResolvers<number>();
  readonly #stop: (() => void)[] = [];
  #wake: () => void = () => {};
  /** What was last seen of each test. */
  readonly #marks = new Map<number, string>();
  /** Tests whose logs have to be looked for. */
  #changed: Set<number>;
  #frames: Uint8Array[] = [];
  #announced = 0;
  #given = 0;
  /** The run does not change any more, or nobody wants to hear of it. */
  #last: boolean;

  /** Throws `NO_SUCH_TEST`. */
  constructor(options: LogFeedOptions) {
    const { run, news, follow, since } = options;
    this.#options = options;
    this.#run = run.model;
    this.#choice = new LogChoice(run.model, options);
    this.ended = this.#end.promise;
    this.ended.catch(() => {});
    this.#changed = new Set(run.model.tests.keys());
    this.#last = !follow || run.model.phase === 'finished';
    // Heard of from before the first look: nothing falls between.
    if (!this.#last) {
      this.#stop.push(news.follow(run.model.dir, (growth) => this.#grown(growth)));
      this.#stop.push(run.onChange(({ tests }) => this.#onChange(tests)));
    }
    const severalTests = this.#choice.tests(run.model).length > 1;
    this.#push({ kind: 'begin', begin: { severalTests, ...(since === undefined ? {} : { since }) } });
  }

  /** Where to say that there is more to read. */
  set onMore(wake: () => void) {
    this.#wake = wake;
  }

  async read(offset: number, into: Uint8Array): Promise<number> {
    try {
      return await this.#fill(offset, into);
    } catch (error) {
      this.#end.reject(error);
      throw error;
    }
  }

  async close(): Promise<void> {
    for (const stop of this.#stop.splice(0)) stop();
    await this.#files.close();
  }

  debugState(): { logs: number } {
    return { logs: this.#logs.size };
  }

  async #fill(offset: number, into: Uint8Array): Promise<number> {
    // A stream is read once, from its beginning: what was given out is not kept.
    if (offset !== this.#given) throw new Error(`a feed at ${this.#given} is read at ${offset}`);
    let filled = 0;
    while (filled < into.byteLength) {
      const [frame] = this.#frames;
      if (frame === undefined) {
        if (await this.#more()) continue;
        break;
      }
      const part = frame.subarray(0, into.byteLength - filled);
      into.set(part, filled);
      filled += part.byteLength;
      this.#given += part.byteLength;
      if (part.byteLength === frame.byteLength) this.#frames.shift();
      else this.#frames[0] = frame.subarray(part.byteLength);
    }
    return filled;
  }

  /** Makes the next frames; false where there is nothing at present. */
  async #more(): Promise<boolean> {
    // Seen before the logs are looked at: what comes later comes with a wake.
    const last = this.#last;
    await this.#lookForLogs(last);
    const piece = await this.#merge.next();
    if (piece === undefined) {
      if (last && this.#changed.size === 0) this.#end.resolve(this.#given);
      return false;
    }
    const { log, at, offset, bytes } = piece;
    if (log.n === undefined) {
      log.n = this.#announced;
      this.#announced += 1;
      this.#push({ kind: 'log', log: { n: log.n, ...log.name } });
    }
    this.#push({ kind: 'text', n: log.n, at, offset, bytes });
    return true;
  }

  async #lookForLogs(last: boolean): Promise<void> {
    for (const index of this.#changed) {
      this.#changed.delete(index);
      const test = this.#run.tests[index];
      if (test === undefined || !this.#hasChanged(index, this.#choice.mark(test), last)) continue;
      for (const chosen of this.#choice.logs(test)) {
        const log = this.#logs.get(chosen.path) ?? (await this.#add(chosen, index));
        if (log.complete || !(chosen.complete || last)) continue;
        log.complete = true;
        this.#merge.complete(log);
      }
    }
  }

  #hasChanged(index: number, mark: string, last: boolean): boolean {
    const now = last ? `${mark} last` : mark;
    if (this.#marks.get(index) === now) return false;
    this.#marks.set(index, now);
    return true;
  }

  async #add(chosen: ChosenLog, index: number): Promise<Log> {
    const { path, key, test, attempt, member, node, source, incarnation } = chosen;
    const file = new LogFile(join(this.#run.dir, path), this.#files);
    const name = { key, test, attempt, member, node, source, incarnation };
    const log: Log = { name, file, complete: false };
    this.#logs.set(path, log);
    this.#dirs.set(dirname(path), index);
    const position = this.#options.positions[key];
    const { since } = this.#options;
    const cursor =
      position === undefined && since !== undefined
        ? await LogCursor.since(file, since)
        : new LogCursor(file, position);
    this.#merge.add(log, cursor);
    return log;
  }

  #grown({ path, length, at }: LogGrowth): void {
    const log = this.#logs.get(path);
    if (log === undefined) return this.#appeared(path);
    log.file.grown(length, at);
    this.#merge.wake(log);
    this.#wake();
  }

  /** The first of a new incarnation, if it is one that is meant. */
  #appeared(path: string): void {
    const test = this.#dirs.get(dirname(path));
    const isMeant = this.#options.sources.some((source) => basename(path).startsWith(`${source}.`));
    if (test === undefined || !isMeant) return;
    this.#changed.add(test);
    this.#wake();
  }

  #onChange(tests: readonly number[]): void {
    for (const index of tests) this.#changed.add(index);
    if (this.#run.phase === 'finished') {
      this.#last = true;
      this.#changed = new Set(this.#run.tests.keys());
    }
    this.#wake();
  }

  #push(frame: LogFrame): void {
    this.#frames.push(encodeLogFrame(frame));
  }
}
