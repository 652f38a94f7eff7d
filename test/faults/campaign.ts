/**
 * Run after run of the workload, each submitted as soon as all machines are idle after the one before, and looked at when it is
 * over. A submission that a fault kept from being accepted is repeated.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '@tutti/testkit';
import { digestsOf, readRun } from './evidence.ts';
import type { Harm } from './harm.ts';
import { INVARIANTS } from './invariants/index.ts';
import type { Lab, Said } from './lab/lab.ts';

const SUITE = join(import.meta.dirname, 'workload/suite.yaml');
const ROUNDS = 4;
/** For machines to be idle: longer than any fault. */
const IDLE_MS = 120_000;
/** After a fault is healed a submission may still be refused for so long, until all machines are back. */
const AFTERMATH_MS = 20_000;

export interface CampaignOptions {
  lab: Lab;
  /** Grows while faults are injected. */
  harms: readonly Harm[];
  log: (line: string) => void;
}

export class Campaign {
  readonly #options: CampaignOptions;
  readonly #checked: Record<string, number> = { copies: 0, remains: 0 };
  readonly #violations: string[] = [];
  #runs = 0;
  #disturbedUntil = 0;

  constructor(options: CampaignOptions) {
    this.#options = options;
    for (const { name } of INVARIANTS) this.#checked[name] = 0;
  }

  /** A fault was injected, and lasts for so many seconds. */
  disturbed(seconds: number): void {
    this.#disturbedUntil = Math.max(this.#disturbedUntil, performance.now() + seconds * 1000 + AFTERMATH_MS);
  }

  count(name: string, checked: number): void {
    this.#checked[name] = (this.#checked[name] ?? 0) + checked;
  }

  violation(what: string): void {
    this.#violations.push(what);
    this.#options.log(`VIOLATION: ${what}`);
  }

  result(): { runs: number; checked: Record<string, number>; violations: string[] } {
    const blind = Object.entries(this.#checked)
      .filter(([, checked]) => checked === 0)
      .map(([name]) => `the invariant "${name}" had nothing to look at`);
    return { runs: this.#runs, checked: this.#checked, violations: [...this.#violations, ...blind] };
  }

  /** The last run begins before so many ms have passed. */
  async until(ms: number): Promise<void> {
    const end = performance.now() + ms;
    while (performance.now() < end) {
      try {
        await this.#idle();
        await this.#run();
      } catch (error) {
        this.violation(`a run could not be looked at: ${String(error)}`);
        return;
      }
    }
  }

  async #idle(): Promise<void> {
    const { lab } = this.#options;
    const idle = async () =>
      (await lab.nodes()).filter(({ state }) => state === 'idle').length === lab.machines.length;
    await eventually(idle, { timeout: IDLE_MS, every: 100 });
  }

  async #run(): Promise<void> {
    const { lab, log } = this.#options;
    const number = this.#runs + 1;
    const results = join(lab.dir, 'results');
    const params = ['--param', `lab=${lab.dir}`, '--param', `rounds=${ROUNDS}`];
    const said = await lab.tutti(['run', SUITE, ...params, '--report', results]);
    const fetched = join(results, `${number}-faults`);
    if (!existsSync(fetched)) {
      log(`         a run was refused: ${lastLine(said.stderr)}`);
      if (performance.now() > this.#disturbedUntil)
        this.violation(`a run was refused, and nothing was wrong: ${said.stderr}`);
      return;
    }
    this.#runs = number;
    this.#look(join(lab.master.runs, `${number}-faults`), fetched, said);
  }

  /** `run`: the master's own directory of it; `fetched`: the copy that its client has. */
  #look(run: string, fetched: string, { code, stderr }: Said): void {
    const { lab, harms, log } = this.#options;
    const tests = readRun({ run, lab: lab.dir, rounds: ROUNDS, harms });
    const verdict = tests.map(({ name, status }) => `${name} ${status}`).join(', ');
    log(`         run ${this.#runs}: ${verdict}`);
    const where = (test: string) => `run ${this.#runs}, ${test}`;
    for (const test of tests) {
      for (const invariant of INVARIANTS) {
        const { checked, violations } = invariant.check(test);
        this.count(invariant.name, checked);
        for (const what of violations) this.violation(`${where(test.name)}, ${invariant.name}: ${what}`);
      }
    }
    // "killed" fails; only a lab that came to harm is worse.
    const wanted = tests.some(({ status }) => status === 'ERROR') ? 2 : 1;
    if (code !== wanted)
      this.violation(`${where('exit status')}: ${code} instead of ${wanted}: ${lastLine(stderr)}`);
    this.#compare(digestsOf(run), digestsOf(fetched));
  }

  #compare(own: Map<string, string>, fetched: Map<string, string>): void {
    // The indexes of logs stay with the master.
    const paths = [...new Set([...own.keys(), ...fetched.keys()])].filter(
      (path) => !path.endsWith('.log.idx'),
    );
    this.count('copies', paths.length);
    for (const path of paths)
      if (own.get(path) !== fetched.get(path))
        this.violation(`run ${this.#runs}: the client's ${path} is not the master's`);
  }
}

function lastLine(text: string): string {
  return text.trimEnd().split('\n').at(-1) ?? '';
}
