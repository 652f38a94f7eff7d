/**
 * All texts of one run's report, made again and again as the run proceeds. What was made of a test that is over is
 * kept, so the next time costs what has changed; and no turn of the event loop takes much longer than `SLICE`,
 * however many tests there are.
 */
import type { Clock } from '@tutti/link';
import type { Report } from '@tutti/protocol';
import { htmlTests } from './html/page.ts';
import type { TestHtml } from './html/test.ts';
import { type JunitTest, junitTest, junitXml } from './junit-xml.ts';
import { malooTest, malooYaml } from './maloo-yaml.ts';
import { PerTest } from './per-test.ts';
import { reportHtml } from './report-html.ts';
import { reportYaml, yamlTest } from './report-yaml.ts';
import { RunFiles } from './run-files.ts';

const SLICE_MS = 10;

export class ReportTexts {
  readonly #clock: Clock;
  readonly #files: RunFiles;
  readonly #yaml = new PerTest<string>();
  readonly #junit = new PerTest<JunitTest>();
  readonly #maloo = new PerTest<string>();
  readonly #html = new PerTest<TestHtml>();
  /** What it has cost the event loop so far. */
  spentMs = 0;

  /** `directory`: of the run, where its members left their files. */
  constructor(directory: string, clock: Clock) {
    this.#files = new RunFiles(directory);
    this.#clock = clock;
  }

  /** `report.yaml` */
  async yaml(report: Report): Promise<string> {
    await this.#inSlices(report.tests, (test) => this.#yaml.of(test, () => yamlTest(test)));
    return this.#timed(() => reportYaml(report, this.#yaml));
  }

  /** `junit.xml` */
  async junit(report: Report): Promise<string> {
    await this.#inSlices(report.tests, (test) => this.#junit.of(test, () => junitTest(report, test)));
    return this.#timed(() => junitXml(report, this.#junit));
  }

  /** `results.yml` */
  async maloo(report: Report): Promise<string> {
    await this.#inSlices(report.tests, (test) => this.#maloo.of(test, () => malooTest(report, test)));
    return this.#timed(() => malooYaml(report, this.#maloo));
  }

  /** `report.html` */
  async html(report: Report): Promise<string> {
    const files = await this.#files.collect(report);
    await this.#inSlices(htmlTests(report), ({ test, make }) => this.#html.of(test, () => make(files)));
    return this.#timed(() => reportHtml(report, files, this.#html));
  }

  async #inSlices<T>(items: readonly T[], work: (item: T) => void): Promise<void> {
    let began = this.#clock.monotonicMs();
    for (const item of items) {
      work(item);
      const spent = this.#clock.monotonicMs() - began;
      if (spent < SLICE_MS) continue;
      this.spentMs += spent;
      await new Promise(setImmediate);
      began = this.#clock.monotonicMs();
    }
    this.spentMs += this.#clock.monotonicMs() - began;
  }

  #timed<T>(work: () => T): T {
    const began = this.#clock.monotonicMs();
    const made = work();
    this.spentMs += this.#clock.monotonicMs() - began;
    return made;
  }
}
