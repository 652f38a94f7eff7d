/** A run under way in a lab of two machines, for stories of what happens to their connections. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Report } from '@tutti/protocol';
import { eventually } from '@tutti/testkit';
import type { TestContext } from 'vitest';
import { parse } from 'yaml';
import { reportMistakes } from '../e2e/support/report.ts';
import { Lab, type Said } from './lab/lab.ts';

/** For what takes a moment on a machine that has nothing else to do. */
export const PATIENCE = 60_000;

const ASK_AGAIN_MS = 2000;

/** Counts until it is told to stop, and meets the other one before and after. */
const COUNTING = (stop: string) => `
  tutti barrier before
  n=0
  while [ ! -e ${stop} ]; do n=$((n+1)); echo $n; sleep 0.05; done
  echo "total $n"
  tutti barrier after`;

export interface StoryOptions {
  grace?: string;
  /** Instead of counting. `stop` is a file that is there when it should end. */
  script?: (stop: string) => string;
}

export interface Ending {
  code: number;
  status: string;
  /** Of the report, by its schema. */
  mistakes: string[];
  /** Every line of a.0 is there, once and in order. */
  numbered: boolean;
  /** Released, with their generations. */
  barriers: string[];
  /** Machines that are busy, processes and files that should be gone, daemons that ended by themselves. */
  left: string[];
}

/** As if nothing had happened. */
export const WELL: Ending = {
  code: 0,
  status: 'PASS',
  mistakes: [],
  numbered: true,
  barriers: ['before 0', 'after 0'],
  left: [],
};

export class Story {
  readonly lab: Lab;
  readonly #stop: string;
  readonly #run: Promise<Said>;

  /** a.0 is on n1 and counts, b.0 is on n2 and waits. Stories of several tests may go on beside each other. */
  static async begin(
    { onTestFinished }: TestContext,
    { grace = '60s', script = COUNTING }: StoryOptions = {},
  ): Promise<Story> {
    const lab = await Lab.open({ agents: 2, seed: 1 });
    onTestFinished(async () => {
      await lab.close();
      await rm(lab.dir, { recursive: true });
    });
    const stop = join(lab.dir, 'stop');
    const roles = { a: script(stop), b: 'tutti barrier before; tutti barrier after' };
    const story = new Story(lab, stop, { grace, tests: [{ name: 'story', roles }] });
    await eventually(() => story.printed > 3, { timeout: PATIENCE, every: 50 });
    return story;
  }

  private constructor(lab: Lab, stop: string, suite: object) {
    this.lab = lab;
    this.#stop = stop;
    const file = join(lab.dir, 'suite.yaml');
    writeFileSync(file, JSON.stringify(suite));
    this.#run = lab.tutti(['run', file, '--report', join(lab.dir, 'results')]);
  }

  /** Lines of a.0 that the master has. */
  get printed(): number {
    return this.#log.split('\n').length - 1;
  }

  /** The master gets more of what a.0 prints. */
  async goesOn(): Promise<void> {
    const before = this.printed;
    await eventually(() => this.printed > before + 3, { timeout: PATIENCE, every: 50 });
  }

  /** Asks when agents have come or gone, and now and then: to ask takes a whole command. */
  async becomes(name: string, state: string): Promise<void> {
    let [seen, asked] = [-1, 0];
    const is = async () => {
      const now = performance.now();
      const { length } = this.#masterSaid(/agent \S+ (?:dis)?connected/);
      if (length === seen && now < asked + ASK_AGAIN_MS) return false;
      [seen, asked] = [length, now];
      return (await this.lab.stateOf(name)) === state;
    };
    await eventually(is, { timeout: PATIENCE, every: 50 });
  }

  /** What the master noticed of its agents' connections. */
  get partings(): string[] {
    return this.#masterSaid(/agent \S+ disconnected: /);
  }

  /** a.0 ends, and everything is looked at when the machines are idle. */
  async end(): Promise<Ending> {
    writeFileSync(this.#stop, '');
    const { code, stdout, stderr } = await this.over();
    if (!existsSync(join(this.lab.dir, 'results/latest'))) throw new Error(`${stdout}${stderr}`);
    const { report } = this;
    const lines = this.#log.split('\n').slice(0, -1);
    const barriers = report.tests[0]?.attempts[0]?.barriers ?? [];
    return {
      code,
      status: report.status,
      mistakes: reportMistakes(report),
      numbered: lines.every((line, i) => line === (i < lines.length - 1 ? `${i + 1}` : `total ${i}`)),
      barriers: barriers.map(({ name, generation }) => `${name} ${generation}`),
      left: await this.left(),
    };
  }

  /** The command has ended. */
  over(): Promise<Said> {
    return this.#run;
  }

  get report(): Report {
    return parse(readFileSync(join(this.lab.dir, 'results/latest/report.yaml'), 'utf8')) as Report;
  }

  /** What is not as it was before the run, after a while. */
  async left(): Promise<string[]> {
    const busy = await this.lab.quiet(PATIENCE).then(
      () => [],
      (error: unknown) => [String(error)],
    );
    return [...busy, ...this.lab.surprises];
  }

  #masterSaid(what: RegExp): string[] {
    const log = readFileSync(join(this.lab.master.dir, 'master.log'), 'utf8');
    return log.split('\n').flatMap((line) => {
      const [, said = ''] = /"msg":"(.*)"\}$/.exec(line) ?? [];
      return what.test(said) ? [said] : [];
    });
  }

  get #log(): string {
    const path = join(this.lab.master.runs, 'latest/tests/01-story/attempt-1/a.0/stdout.log');
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }
}
