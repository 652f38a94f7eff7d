/** All runs of a master on fake agents; directories and staged files are real. */
import { join } from 'node:path';
import { BlobCache } from '@tutti/link';
import type { RunSpec, TestSpec } from '@tutti/protocol';
import { LogNews } from '../../src/logs/log-news.ts';
import { type CarryOut, MachineCare } from '../../src/machines/machine-care.ts';
import { MachineRules } from '../../src/machines/machine-rules.ts';
import { AttemptFactory } from '../../src/runs/attempt-factory.ts';
import type { RunUnderWay } from '../../src/runs/run-under-way.ts';
import { Runs } from '../../src/runs/runs.ts';
import { DEFAULT_SETTINGS } from '../../src/scheduler/pass.ts';
import { RunDirectories } from '../../src/store/run-directories.ts';
import { Store } from '../../src/store/store.ts';
import { SyncBroker } from '../../src/sync/broker.ts';
import { type AgentOptions, type FakeAgent, Lab, MASTER, memberEnd, quiet } from '../lab.ts';
import { temporaryDirectory } from '../temporary-directory.ts';
import { testSpec } from './a-test.ts';

export class RunsLab extends Lab {
  readonly dir: string;
  readonly blobs: BlobCache;
  readonly directories: RunDirectories;
  readonly store: Store;
  /** Keeps what is decided, as a master does. */
  override readonly broker: SyncBroker;
  readonly news = new LogNews();
  readonly attempts: AttemptFactory;
  readonly runs: Runs;
  readonly care: MachineCare;
  /** What nodes.yaml says, and what becomes of its commands. */
  machineRules = new MachineRules('/', []);
  carryOut: CarryOut = async () => ({ ok: true, tail: '' });
  #submitted = 0;

  private constructor(dir: string, blobs: BlobCache, before?: Store) {
    super();
    this.dir = dir;
    this.blobs = blobs;
    this.store = before ?? Store.open({ path: ':memory:', clock: this.masterClock, log: quiet });
    this.broker = new SyncBroker(this.masterClock, this.store.decisions);
    this.directories = new RunDirectories(join(dir, 'runs'));
    const { masterClock: clock, registry, broker, live, directories } = this;
    const { store } = this;
    const room = { forBulk: () => undefined };
    this.attempts = new AttemptFactory({
      master: MASTER,
      clock,
      broker,
      live,
      blobs,
      store,
      room,
      secrets: { of: () => Promise.resolve({}) },
      news: this.news,
      log: quiet,
    });
    this.care = new MachineCare({
      registry,
      clock,
      rules: () => this.machineRules,
      carryOut: (...command) => this.carryOut(...command),
      log: quiet,
    });
    this.runs = new Runs({
      clock,
      care: this.care,
      settings: DEFAULT_SETTINGS,
      registry,
      directories,
      attempts: this.attempts,
      store,
      requireRoom: async () => {},
      log: quiet,
    });
  }

  static async open(): Promise<RunsLab> {
    const dir = await temporaryDirectory();
    return new RunsLab(dir, await BlobCache.open(join(dir, 'blobs')));
  }

  override contents(): BlobCache {
    return this.blobs;
  }

  /** The next master, with what this one has kept: all of its nodes are away, its runs go on. */
  successor(): RunsLab {
    const next = new RunsLab(this.dir, this.blobs, this.store);
    // Guests are known by their runs alone.
    next.registry.restore(this.registry.nodes().filter(({ isGuest }) => !isGuest));
    return next;
  }

  /** An agent whose members end as soon as they are started: with `exit`, or one after the other with those, and then 0. */
  async quick(name: string, exit: number | number[] = 0, options: AgentOptions = {}): Promise<FakeAgent> {
    const exits = Array.isArray(exit) ? exit[Symbol.iterator]() : undefined;
    const next = () => (exits ? (exits.next().value ?? 0) : (exit as number));
    const agent = this.dial({
      name,
      ...options,
      handlers: {
        'member.start': ({ member }) => {
          setImmediate(() => {
            void agent
              .ended(member, memberEnd({ exit: { how: 'exited', code: next() } }))
              .then(() => agent.collected(member));
          });
          return {};
        },
        'member.stop': ({ member, reason }) => {
          setImmediate(() => {
            void agent.ended(member, memberEnd({ stopped: reason })).then(() => agent.collected(member));
          });
          return {};
        },
        ...options.handlers,
      },
    });
    await agent.hello();
    return agent;
  }

  submit(
    tests: (Partial<TestSpec> & Pick<TestSpec, 'roles'>)[],
    more: Partial<RunSpec> = {},
    how: { priority?: number; waitForNodes?: boolean } = {},
  ): Promise<RunUnderWay> {
    this.#submitted += 1;
    const spec = {
      suite: 'A suite',
      files: [],
      tests: tests.map((test) => testSpec(test.roles, test)),
      ...more,
    };
    return this.runs.submit(this.#submitted.toString(16).padStart(32, '0'), spec, false, how);
  }
}
