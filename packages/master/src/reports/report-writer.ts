/**
 * Keeps the reports of one run directory up to date: `report.yaml` after every change, and what is made for others
 * (`junit.xml`, `results.yml`, `report.html`) whenever another test is over.
 *
 * Guarantees: each file is replaced as a whole, so a master that is killed leaves valid ones; at most one write goes
 * on and at most one report waits, the newest (a run that changes faster than the disk costs no memory and no
 * backlog); `report.yaml` is written last, so who sees a finished one sees the others finished too. A report that
 * could not be written is tried again at the next `update` or `flush`; until then the files are the older ones,
 * whole.
 *
 * Reports take at most about a twentieth of the event loop's time: after one that took long the next waits the
 * longer. The last one, and one that somebody waits for, never wait.
 */
import { join } from 'node:path';
import { type Clock, type ReplaceFile, replaceFile, systemClock } from '@tutti/link';
import { type Report, TuttiError } from '@tutti/protocol';
import { ReportTexts } from './report-texts.ts';

/** Times as long as a report took, the next waits. */
const REST = 19;

export interface ReportWriterOptions {
  /** The run directory; it exists. */
  readonly directory: string;
  /** Told of every failed write, at once. */
  readonly onError?: (error: TuttiError) => void;
  readonly replace?: ReplaceFile;
  readonly clock?: Clock;
}

export class ReportWriter {
  readonly #options: ReportWriterOptions;
  readonly #replace: ReplaceFile;
  readonly #clock: Clock;
  #texts: ReportTexts;
  /** The newest report that is not on disk and not being written. */
  #pending: Report | undefined;
  #writing: Promise<void> | undefined;
  #failure: TuttiError | undefined;
  /** Tests that were over when the files for others were written last. */
  #over: number | undefined;
  #notBefore = 0;
  /** Ends the rest before the next report. */
  #wake: (() => void) | undefined;
  /** How many wait in `flush`. */
  #hurried = 0;

  constructor(options: ReportWriterOptions) {
    this.#options = options;
    this.#replace = options.replace ?? replaceFile;
    this.#clock = options.clock ?? systemClock;
    this.#texts = new ReportTexts(options.directory, this.#clock);
  }

  /** Takes a snapshot, which the caller does not change afterwards. Never throws, never waits. */
  update(report: Report): void {
    this.#pending = report;
    if (report.status !== 'RUNNING') this.#wake?.();
    this.#writing ??= this.#writeAll();
  }

  /** Resolves when every report given so far, or a newer one, is on disk; else throws why the last is not. */
  async flush(): Promise<void> {
    this.#hurried += 1;
    this.#wake?.();
    try {
      if (this.#pending !== undefined) this.#writing ??= this.#writeAll();
      await this.#writing;
    } finally {
      this.#hurried -= 1;
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Never rejects: what went wrong is kept in `#failure`. */
  async #writeAll(): Promise<void> {
    // Several updates of one turn of the event loop are one write.
    await Promise.resolve();
    while (this.#pending !== undefined) {
      await this.#rest();
      const report = this.#pending;
      this.#pending = undefined;
      this.#failure = await this.#write(report);
      if (this.#failure === undefined) continue;
      // A newer one may have come during the write.
      const newer: Report | undefined = this.#pending;
      if (newer === undefined) {
        this.#pending = report;
        break;
      }
    }
    this.#writing = undefined;
  }

  async #rest(): Promise<void> {
    const wait = this.#notBefore - this.#clock.monotonicMs();
    if (wait <= 0 || this.#hurried > 0 || this.#pending?.status !== 'RUNNING') return;
    await new Promise<void>((resolve) => {
      const cancel = this.#clock.after(wait, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
    this.#wake = undefined;
  }

  async #write(report: Report): Promise<TuttiError | undefined> {
    const texts = this.#texts;
    const spentBefore = texts.spentMs;
    const over = report.tests.filter(({ status }) => status !== 'RUNNING').length;
    const put = (name: string, text: string) => this.#replace(join(this.#options.directory, name), text);
    try {
      if (report.status !== 'RUNNING' || over !== this.#over) {
        const files = {
          'results.yml': await texts.maloo(report),
          'report.html': await texts.html(report),
          'junit.xml': await texts.junit(report),
        };
        await Promise.all(Object.entries(files).map(([name, text]) => put(name, text)));
        this.#over = over;
      }
      await put('report.yaml', await texts.yaml(report));
      // Nobody needs the parts of a run that is over any more.
      if (report.status !== 'RUNNING') this.#texts = new ReportTexts(this.#options.directory, this.#clock);
      return undefined;
    } catch (thrown) {
      const error = TuttiError.from(thrown);
      this.#options.onError?.(error);
      return error;
    } finally {
      this.#notBefore = this.#clock.monotonicMs() + (texts.spentMs - spentBefore) * REST;
    }
  }
}
