/** One attempt under way on fake agents: one agent for each member, `n1` for the first. */
import type { BlobCache } from '@tutti/link';
import type { Exit, MemberEnd, MemberOrder, RoleSpec, TestSpec } from '@tutti/protocol';
import { settled } from '@tutti/testkit';
import { MemberFiles } from '../../src/logs/member-files.ts';
import { Attempt } from '../../src/runs/attempt.ts';
import { MemberUnderWay } from '../../src/runs/live-member.ts';
import type { AttemptRun, CommandRun, TestRun } from '../../src/runs/model.ts';
import { planAttempt } from '../../src/runs/plan.ts';
import { type AgentOptions, type FakeAgent, id, Lab, MASTER, quiet } from '../lab.ts';
import { NO_HINDRANCE } from '../no-hindrance.ts';
import { castOf, testRun, testSpec } from './a-test.ts';

const RUN = id('b');

export interface AttemptOptions extends Partial<TestSpec> {
  /** By node. */
  agents?: Record<string, AgentOptions>;
  stage?: (member: MemberUnderWay, signal: AbortSignal) => Promise<void>;
  files?: (dir: string) => MemberFiles;
  /** Of the run. */
  directory?: string;
  blobs?: BlobCache;
  /** Its secrets. */
  hidden?: string[];
  /** Seconds for which it stands still at its first failure. */
  pause?: number;
}

export class AttemptLab extends Lab {
  readonly test: TestRun;
  readonly model: AttemptRun;
  readonly agents = new Map<string, FakeAgent>();
  readonly members: MemberUnderWay[] = [];
  attempt!: Attempt;
  /** Only tests that move files have one. */
  blobs!: BlobCache;
  /** What was made durable of commands. */
  readonly kept: string[] = [];
  /** Settled when `run` is. */
  over!: Promise<void>;
  isOver = false;

  private constructor(spec: TestSpec) {
    super();
    this.test = testRun(spec);
    let count = 0;
    const nodes = spec.roles.map((role) => {
      const names = Array.from({ length: role.count }, (_, index) => `n${count + index + 1}`);
      count += role.count;
      return [role.name, names] as const;
    });
    let ids = 0;
    this.model = planAttempt(this.test, castOf(Object.fromEntries(nodes)), () => {
      ids += 1;
      return id(ids.toString(16));
    });
    this.test.attempts.push(this.model);
  }

  static async start(roles: RoleSpec[], options: AttemptOptions = {}): Promise<AttemptLab> {
    const {
      agents = {},
      stage,
      files = (dir: string) => new MemberFiles(dir, NO_HINDRANCE),
      directory = '/nonexistent',
      hidden: secrets = [],
      blobs,
      pause,
      ...spec
    } = options;
    const lab = new AttemptLab(testSpec(roles, spec));
    if (blobs !== undefined) lab.blobs = blobs;
    for (const { node } of lab.model.members)
      lab.agents.set(node, await lab.connect({ name: node, ...agents[node] }));
    const deps = {
      clock: lab.masterClock,
      broker: lab.broker,
      live: lab.live,
      log: quiet,
      stage:
        stage ?? ((member: MemberUnderWay, signal: AbortSignal) => member.prepare(order(member), signal)),
      changed: () => {},
      blobs: lab.blobs,
      commands: {
        ...{ master: MASTER, clock: lab.masterClock, live: lab.live, log: quiet },
        secrets: async () => secrets,
        dir: ({ dir }: CommandRun) => `${directory}/${dir}`,
        files: ({ dir }: CommandRun) => files(`${directory}/${dir}`),
        keep: async (step: string, { id: of }: CommandRun) => {
          lab.kept.push(`${step} ${of.slice(0, 4)}`);
        },
        changed: () => {},
      },
      keep: { attempt: async () => {}, test: async () => {} },
      pauseSeconds: () => pause,
      decisions: () => [],
      inRun: () => ({ run: RUN, test: lab.test.spec.name, more: false }),
    };
    lab.attempt = new Attempt(lab.test, lab.model, deps, (hooks) => {
      for (const model of lab.model.members) {
        const member = new MemberUnderWay({
          model,
          attempt: lab.model.id,
          node: lab.node(model.node),
          files: files(`${directory}/${model.dir}`),
          grace: lab.test.spec.grace,
          resumed: false,
          clock: lab.masterClock,
          keep: async () => {},
          ...hooks,
        });
        lab.members.push(member);
      }
      return lab.members;
    });
    lab.broker.openRun(RUN);
    lab.over = lab.attempt.run().then(() => {
      lab.isOver = true;
      lab.broker.closeRun(RUN);
    });
    await settled();
    return lab;
  }

  agent(name: string): FakeAgent {
    const node = this.model.members.find((member) => member.name === name)?.node ?? name;
    const agent = this.agents.get(node);
    if (agent === undefined) throw new Error(`no agent for ${name}`);
    return agent;
  }

  id(name: string): string {
    const found = this.model.members.find((member) => member.name === name);
    if (found === undefined) throw new Error(`no member ${name}`);
    return found.id;
  }

  /** The member ends, and all it left is brought. */
  async end(name: string, exit: Exit | number, more: Partial<MemberEnd> = {}): Promise<void> {
    const how: Exit = typeof exit === 'number' ? { how: 'exited', code: exit } : exit;
    await this.agent(name).ended(this.id(name), { exit: how, ...more });
    await this.agent(name).collected(this.id(name));
    await settled();
  }

  /** Members the master has asked to stop end so, and the rest is brought. */
  async endStopped(...names: string[]): Promise<void> {
    for (const name of names) {
      const asked = this.agent(name).asked.find((line) => line.startsWith('member.stop'));
      if (asked === undefined) throw new Error(`${name} was not asked to stop`);
      const reason = asked.split(' ').at(-1) as NonNullable<MemberEnd['stopped']>;
      await this.end(name, { how: 'signalled', signal: 'SIGTERM' }, { stopped: reason });
    }
  }

  /** What an agent was asked of its member, without the member. */
  asked(name: string): string[] {
    const short = this.id(name).slice(0, 4);
    return this.agent(name).asked.map((line) => line.replace(` ${short}`, ''));
  }

  /** Everything that an attempt may leave behind. */
  get leftovers(): Record<string, number> {
    const { spaces, waiters, timers } = this.broker.debugState();
    return { spaces, waiters, timers, live: this.live.size, clock: this.clock.timers };
  }
}

export const NOTHING = { spaces: 0, waiters: 0, timers: 0, live: 0, clock: 0 };

export function order({ id: member, model }: MemberUnderWay): MemberOrder {
  const blob = { digest: 'd'.repeat(64), size: 2 };
  return {
    member,
    master: MASTER,
    run: { number: 1, id: id('b') },
    suite: 'suite',
    test: 'throughput',
    attempt: { number: 1, id: id('c') },
    name: model.name,
    role: model.role,
    index: model.index,
    node: model.node,
    script: { kind: 'inline', text: 'true' },
    params: {},
    env: {},
    timeout: 60,
    topology: blob,
    files: blob,
  };
}
