/** All runs of a master on fake agents; directories and staged files are real. */
import { join } from 'node:path';
import { BlobCache } from '@tutti/link';
import type { RunSpec, TestSpec } from '@tutti/protocol';
import { AttemptFactory } from '../../src/runs/attempt-factory.ts';
import type { RunUnderWay } from '../../src/runs/run-under-way.ts';
import { Runs } from '../../src/runs/runs.ts';
import { RunDirectories } from '../../src/store/run-directories.ts';
import { Store } from '../../src/store/store.ts';
import { type AgentOptions, type FakeAgent, Lab, MASTER, memberEnd, quiet } from '../lab.ts';
import { temporaryDirectory } from '../temporary-directory.ts';
import { testSpec } from './a-test.ts';

export class RunsLab extends Lab {
  readonly dir: string;
  readonly blobs: BlobCache;
  readonly directories: RunDirectories;
  readonly store: Store;
  readonly attempts: AttemptFactory;
  readonly runs: Runs;
  #submitted = 0;

  private constructor(dir: string, blobs: BlobCache) {
    super();
    this.dir = dir;
    this.blobs = blobs;
    this.store = Store.open({ path: ':memory:', clock: this.masterClock, log: quiet });
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
      log: quiet,
    });
    this.runs = new Runs({
      clock,
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

  /** An agent whose members end with `exit` as soon as they are started. */
  async quick(name: string, exit = 0, options: AgentOptions = {}): Promise<FakeAgent> {
    const agent = this.dial({
      name,
      ...options,
      handlers: {
        'member.start': ({ member }) => {
          setImmediate(() => {
            void agent
              .ended(member, memberEnd({ exit: { how: 'exited', code: exit } }))
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
  ): Promise<RunUnderWay> {
    this.#submitted += 1;
    const spec = {
      suite: 'A suite',
      files: [],
      tests: tests.map((test) => testSpec(test.roles, test)),
      ...more,
    };
    return this.runs.submit(this.#submitted.toString(16).padStart(32, '0'), spec, false);
  }
}
