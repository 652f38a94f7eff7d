/** Suites of this machine, to look at and to run at a master. */

import { nearest, type RunView, type TestSpec, TuttiError } from '@tutti/protocol';
import { type FollowOptions, followRun, submitRun } from '../follow-run.ts';
import { pauseSeconds } from '../pause.ts';
import { suiteFromRoles } from '../suite/from-roles.ts';
import { loadSuite, planSuite } from '../suite/load-suite.ts';
import type { LoadedSuite, PlannedSuite, SuiteOptions } from '../suite/options.ts';
import { type Context, signalOf } from './context.ts';
import { type FoundSuite, findSuites } from './find-suites.ts';
import type { Run } from './run.ts';
import type { Runs } from './runs.ts';

/** What of a suite is run, and how; as the options of `tutti run`. */
export interface ChoiceOptions {
  readonly params?: Readonly<Record<string, string | number | boolean>> | undefined;
  readonly only?: readonly string[] | undefined;
  readonly skip?: readonly string[] | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly repeat?: number | undefined;
  readonly failFast?: boolean | undefined;
  readonly big?: boolean | undefined;
  readonly name?: string | undefined;
  /** Seconds, at most for each test. */
  readonly timeout?: number | undefined;
}

export interface SubmitOptions extends ChoiceOptions {
  /** A test that fails stands still before anything of it is stopped: so many seconds at most, `10m`, or true for 15 min. */
  readonly pauseOnFailure?: string | number | boolean | undefined;
  readonly priority?: number | undefined;
  /** Waits for machines that the master does not know yet, too. */
  readonly waitForNodes?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface RunSuiteOptions extends SubmitOptions {
  /** Called after every change, first with the whole run as it was queued. */
  readonly onView?: ((view: RunView) => void) | undefined;
}

export class Suite {
  readonly name: string;
  /** Absolute. */
  readonly path: string;
  readonly #context: Context;
  readonly #runs: Runs;
  #plan: PlannedSuite | undefined;

  /** @internal */
  constructor(context: Context, runs: Runs, { name, path }: FoundSuite) {
    this.name = name;
    this.path = path;
    this.#context = context;
    this.#runs = runs;
  }

  /** Its tests, as they were read last. Throws what is wrong with the suite. */
  async tests(): Promise<readonly TestSpec[]> {
    return (await this.plan()).run.tests;
  }

  /** Everything but the contents of its files. */
  async plan(): Promise<PlannedSuite> {
    this.#plan ??= await planSuite(this.path, this.#options({}));
    return this.#plan;
  }

  /** Reads it again. Throws what is wrong with it; then it is as it was. */
  async reload(): Promise<this> {
    this.#plan = await planSuite(this.path, this.#options({}));
    return this;
  }

  /** Queues it. The run goes on whatever becomes of this program. */
  async submit(options: SubmitOptions = {}): Promise<Run> {
    const { spec, sources } = await this.#load(options);
    const { priority, waitForNodes } = options;
    const signal = signalOf(this.#context, options.signal);
    const more = signal === undefined ? {} : { signal };
    return this.#runs.get(
      await submitRun(this.#context.client, { spec, sources, priority, waitForNodes, ...more }),
    );
  }

  /** Runs it to its end. Aborting the signal cancels the run and waits for its end; so does the end of this program. */
  async run(options: RunSuiteOptions = {}): Promise<RunView> {
    const { spec, sources } = await this.#load(options);
    return followed(this.#context, { spec, sources }, options);
  }

  async #load(options: SubmitOptions): Promise<LoadedSuite> {
    return paused(await loadSuite(this.path, this.#options(options)), options);
  }

  #options(options: ChoiceOptions): SuiteOptions {
    return suiteOptions(options, this.#context.cwd());
  }
}

export class Suites {
  readonly #context: Context;
  readonly #runs: Runs;
  readonly #known = new Map<string, Suite>();

  /** @internal */
  constructor(context: Context, runs: Runs) {
    this.#context = context;
    this.#runs = runs;
  }

  /** Of a folder, default: the current one. They are known by name from then on. */
  async list(folder = '.'): Promise<Suite[]> {
    const found = await findSuites(folder, this.#context.cwd());
    return found.map((each) => this.#suite(each));
  }

  /** Those found by `list`, sorted. */
  get names(): string[] {
    return [...this.#known.keys()].toSorted();
  }

  /** One that was found. Throws `USAGE`, with the nearest name. */
  get(name: string): Suite {
    const suite = this.#known.get(name);
    if (suite !== undefined) return suite;
    const meant = nearest(name, this.names);
    const there = this.names.length === 0 ? 'none was found' : `there are ${this.names.join(', ')}`;
    const hint = meant === undefined ? there : `did you mean "${meant}"?`;
    throw new TuttiError('USAGE', `there is no suite "${name}" here: ${hint}`);
  }

  /** The suite file or folder at this path. Throws what is wrong with it. */
  async load(path: string): Promise<Suite> {
    const suite = new Suite(this.#context, this.#runs, { name: path, path });
    return suite.reload();
  }

  /** Without a suite: `server=./server.sh`, `client:2=./client.sh`, as `tutti run --role`. */
  async runRoles(roles: readonly string[], options: RunSuiteOptions = {}): Promise<RunView> {
    const loaded = await suiteFromRoles(roles, suiteOptions(options, this.#context.cwd()));
    const { spec, sources } = paused(loaded, options);
    return followed(this.#context, { spec, sources }, options);
  }

  #suite(found: FoundSuite): Suite {
    const known = this.#known.get(found.name);
    if (known?.path === found.path) return known;
    const suite = new Suite(this.#context, this.#runs, found);
    this.#known.set(found.name, suite);
    return suite;
  }
}

/** Throws `USAGE`. */
function paused(suite: LoadedSuite, { pauseOnFailure: wanted }: SubmitOptions): LoadedSuite {
  const pauseOnFailure = pauseSeconds(wanted);
  return pauseOnFailure === undefined ? suite : { ...suite, spec: { ...suite.spec, pauseOnFailure } };
}

function followed(
  context: Context,
  suite: Pick<FollowOptions, 'spec' | 'sources'>,
  { priority, waitForNodes, onView, signal: given }: RunSuiteOptions,
): Promise<RunView> {
  const signal = signalOf(context, given);
  return followRun(context.client, {
    ...suite,
    ...{ owned: true, priority, waitForNodes },
    ...(onView === undefined ? {} : { onView }),
    ...(signal === undefined ? {} : { signal }),
  });
}

function suiteOptions(options: ChoiceOptions, cwd: string): SuiteOptions {
  const { params: given = {}, only = [], skip = [], tags = [], repeat, name, timeout } = options;
  const params = Object.fromEntries(Object.entries(given).map(([key, value]) => [key, String(value)]));
  return {
    ...{ params, only, skip, tags, repeat, name, timeout, cwd },
    ...{ skipLists: [], files: [], untilFail: false },
    failFast: options.failFast === true,
    big: options.big === true,
  };
}
