/**
 * Keeps `report.yaml` and `junit.xml` of one run directory up to date.
 *
 * Guarantees: each file is replaced as a whole; at most one write goes on and at most one report waits, the newest
 * (a run that changes faster than the disk costs no memory and no backlog); `junit.xml` is written first, so who
 * sees a finished `report.yaml` sees its `junit.xml` too. A report that could not be written is tried again at the
 * next `update` or `flush`; until then the files are the older ones, whole.
 */
import { join } from 'node:path';
import { type ReplaceFile, replaceFile } from '@tutti/link';
import { type Report, TuttiError } from '@tutti/protocol';
import { junitXml } from './junit-xml.ts';
import { reportYaml } from './report-yaml.ts';

export interface ReportWriterOptions {
  /** The run directory; it exists. */
  readonly directory: string;
  /** Told of every failed write, at once. */
  readonly onError?: (error: TuttiError) => void;
  readonly replace?: ReplaceFile;
}

export class ReportWriter {
  readonly #options: ReportWriterOptions;
  readonly #replace: ReplaceFile;
  /** The newest report that is not on disk and not being written. */
  #pending: Report | undefined;
  #writing: Promise<void> | undefined;
  #failure: TuttiError | undefined;

  constructor(options: ReportWriterOptions) {
    this.#options = options;
    this.#replace = options.replace ?? replaceFile;
  }

  /** Takes a snapshot, which the caller does not change afterwards. Never throws, never waits. */
  update(report: Report): void {
    this.#pending = report;
    this.#writing ??= this.#writeAll();
  }

  /** Resolves when every report given so far, or a newer one, is on disk; else throws why the last is not. */
  async flush(): Promise<void> {
    if (this.#pending !== undefined) this.#writing ??= this.#writeAll();
    await this.#writing;
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Never rejects: what went wrong is kept in `#failure`. */
  async #writeAll(): Promise<void> {
    // Several updates of one turn of the event loop are one write.
    await Promise.resolve();
    while (this.#pending !== undefined) {
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

  async #write(report: Report): Promise<TuttiError | undefined> {
    const { directory, onError } = this.#options;
    try {
      await this.#replace(join(directory, 'junit.xml'), junitXml(report));
      await this.#replace(join(directory, 'report.yaml'), reportYaml(report));
      return undefined;
    } catch (thrown) {
      const error = TuttiError.from(thrown);
      onError?.(error);
      return error;
    }
  }
}
