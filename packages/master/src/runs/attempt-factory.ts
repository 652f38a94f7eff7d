/** Makes attempts: the plan, the members on their nodes, and how each is staged there. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Logger } from '@tutti/link';
import { type BlobCache, type Clock, putJson, sendBlobs } from '@tutti/link';
import {
  type Manifest,
  type MemberOrder,
  type RoleSpec,
  type TopologyMember,
  TuttiError,
} from '@tutti/protocol';
import type { Node } from '../agents/node.ts';
import type { LogNews } from '../logs/log-news.ts';
import { MemberFiles } from '../logs/member-files.ts';
import type { Secrets } from '../secrets/secrets.ts';
import type { DiskRoom } from '../store/room.ts';
import type { Store } from '../store/store.ts';
import { playersInRun, type SyncBroker } from '../sync/broker.ts';
import { type Beginning, moreToCome } from './agenda.ts';
import { Attempt } from './attempt.ts';
import type { AttemptDeps, KeepAttempt } from './attempt-deps.ts';
import { MemberUnderWay } from './live-member.ts';
import type { LiveMembers } from './members.ts';
import type { AttemptRun, MemberRun, Run, TestRun } from './model.ts';
import { nameInRun, planAttempt } from './plan.ts';

export interface AttemptFactoryDeps {
  master: string;
  clock: Clock;
  broker: SyncBroker;
  live: LiveMembers;
  blobs: BlobCache;
  store: Pick<Store, 'runs' | 'decisions'>;
  room: Pick<DiskRoom, 'forBulk'>;
  secrets: Pick<Secrets, 'of'>;
  /** Who follows logs hears of them there. */
  news: Pick<LogNews, 'tell'>;
  log: Logger;
}

type Shared = Pick<MemberOrder, 'topology' | 'files' | 'secrets'>;

export class AttemptFactory {
  readonly #deps: AttemptFactoryDeps;

  constructor(deps: AttemptFactoryDeps) {
    this.#deps = deps;
  }

  /** The sync space that the tests of the run share, with all that an earlier master had decided there. */
  openRun(run: Run): void {
    const players = run.tests.flatMap((test) =>
      test.attempts
        .filter(({ opened }) => opened !== undefined)
        .flatMap((attempt) => playersInRun(nameInRun(run, test, attempt), attempt.members)),
    );
    const { broker, store } = this.#deps;
    broker.openRun(run.id, players, store.decisions.of(run.id));
  }

  closeRun(run: Run): void {
    this.#deps.broker.closeRun(run.id);
  }

  /** Something has begun or ended: the tests that are under way may have to wait for no others. */
  runChanged(run: Run): void {
    if (!moreToCome(run)) this.#deps.broker.lastHaveCome(run.id);
  }

  /**
   * Adds an attempt to the test, with these of the run's nodes, by the names they had when they were allocated; `changed` is
   * told whenever people should see something new.
   */
  create(
    run: Run,
    { test, cast }: Beginning,
    nodes: ReadonlyMap<string, Node>,
    changed: AttemptDeps['changed'],
  ): Attempt {
    const model = planAttempt(test, cast, () => randomBytes(16).toString('hex'));
    test.attempts.push(model);
    return this.#attempt(run, test, model, nodes, changed, false);
  }

  /** The last attempt at the test, which an earlier master began. */
  resume(
    run: Run,
    test: TestRun,
    nodes: ReadonlyMap<string, Node>,
    changed: AttemptDeps['changed'],
  ): Attempt {
    const model = test.attempts.at(-1);
    if (model === undefined) throw new Error(`test ${test.spec.name} has no attempt to go on with`);
    // They have been told to start, or will be: they count as started.
    if (model.opened !== undefined)
      for (const member of model.members)
        if (member.state !== 'ended') member.state = resumedState(test, member);
    return this.#attempt(run, test, model, nodes, changed, true);
  }

  #attempt(
    run: Run,
    test: TestRun,
    model: AttemptRun,
    nodes: ReadonlyMap<string, Node>,
    changed: AttemptDeps['changed'],
    resumed: boolean,
  ): Attempt {
    const { clock, broker, live, store, blobs, log } = this.#deps;
    // Made once, at the first member that asks: all members get the same two.
    let shared: Promise<Shared> | undefined;
    const stage = async (member: MemberUnderWay, signal: AbortSignal) => {
      shared ??= this.#share(run, test, model, nodes);
      const order = this.#order(run, test, model, member.model, await shared);
      await this.#stage(member, nodeOf(member.model, nodes), order, run.spec.files, signal);
    };
    const keep: KeepAttempt = {
      test: () => store.runs.saveTest(run, test),
      attempt: (step) => {
        if (step === 'planned') return store.runs.createAttempt(run, test, model);
        if (step === 'judged') return store.runs.concludeAttempt(run, test, model);
        return store.runs.saveAttempt(step, run, test, model);
      },
    };
    const deps: AttemptDeps = {
      clock,
      broker,
      live,
      log: log.child({ run: run.number }),
      stage,
      changed,
      keep,
      pauseSeconds: () => (run.cancelled === undefined ? run.spec.pauseOnFailure : undefined),
      decisions: () => store.decisions.of(model.id),
      inRun: () => ({ run: run.id, test: nameInRun(run, test, model), more: moreToCome(run) }),
      blobs,
      commands: {
        ...{ master: this.#deps.master, clock, live, changed },
        log: log.child({ run: run.number }),
        secrets: async () => Object.values(await this.#deps.secrets.of(test.spec.secrets ?? [])),
        dir: ({ dir }) => join(run.dir, dir),
        files: ({ of, number, dir }) => this.#files(run, { name: `${of}/cmd-${number}`, dir }),
        keep: (step, command) => store.runs.saveCommand(step, model, command),
      },
    };
    return new Attempt(test, model, deps, (hooks) =>
      model.members.map(
        (member) =>
          new MemberUnderWay({
            model: member,
            attempt: model.id,
            node: nodeOf(member, nodes),
            files: this.#files(run, member, roleOf(test, member).parse === 'tap'),
            grace: test.spec.grace,
            resumed,
            clock,
            keep: (step, changedMember) => store.runs.saveMember(step, model, changedMember),
            ...hooks,
          }),
      ),
    );
  }

  /** Of a member, or of a command. */
  #files(run: Run, { name, dir }: Pick<MemberRun, 'name' | 'dir'>, isTap = false): MemberFiles {
    const { clock, room, news, log } = this.#deps;
    return new MemberFiles(join(run.dir, dir), {
      now: () => clock.wallMs(),
      room: () => room.forBulk(),
      onDamage: (what) => log.warn({ run: run.number, member: name }, what),
      isTap,
      onGrown: (file, length, at) => news.tell(run.dir, { path: `${dir}/${file}`, length, at }),
    });
  }

  async #share(
    run: Run,
    test: TestRun,
    attempt: AttemptRun,
    nodes: ReadonlyMap<string, Node>,
  ): Promise<Shared> {
    const topology = attempt.members.map((member) => topologyOf(member, test, nodeOf(member, nodes)));
    const { blobs } = this.#deps;
    const names = test.spec.secrets ?? [];
    return {
      topology: await putJson(blobs, topology),
      files: await putJson(blobs, run.spec.files),
      ...(names.length === 0 ? {} : { secrets: await this.#deps.secrets.of(names) }),
    };
  }

  async #stage(
    member: MemberUnderWay,
    node: Node,
    order: MemberOrder,
    files: Manifest,
    signal: AbortSignal,
  ): Promise<void> {
    const { blobs } = this.#deps;
    const contents = files.filter((entry) => entry.kind === 'file');
    await sendBlobs([order.topology, order.files, ...contents], (digest) => blobs.path(digest), {
      missing: async (asked) => (await node.call('blob.missing', { blobs: asked }, signal)).missing,
      send: (blob, source) => node.sendBlob(blob, source, signal),
    });
    await member.prepare(order, signal);
  }

  #order(run: Run, test: TestRun, attempt: AttemptRun, member: MemberRun, shared: Shared): MemberOrder {
    const role = roleOf(test, member);
    return {
      member: member.id,
      master: this.#deps.master,
      run: { number: run.number, id: run.id },
      suite: run.spec.suite,
      test: test.spec.name,
      attempt: { number: attempt.n, id: attempt.id },
      name: member.name,
      role: member.role,
      index: member.index,
      node: member.node,
      script: role.script,
      ...(role.drives ? { drives: true as const } : {}),
      params: { ...test.spec.params, ...role.params },
      env: role.env,
      timeout: Math.min(role.timeout ?? test.spec.timeout, test.spec.timeout),
      ...(test.part === 'setup' ? { outlives: true } : {}),
      ...shared,
    };
  }
}

function roleOf({ spec }: TestRun, member: MemberRun): RoleSpec {
  const role = spec.roles.find(({ name }) => name === member.role);
  if (role === undefined) throw new Error(`role ${member.role} is not in the test`);
  return role;
}

/** Of a member that all are told to start with; one that starts later may not have had its turn. */
function resumedState(test: TestRun, member: MemberRun): MemberRun['state'] {
  return roleOf(test, member).startAfter === undefined || member.state === 'running' ? 'running' : 'staged';
}

function topologyOf(
  { name, role, index, node }: MemberRun,
  test: TestRun,
  { addresses }: Node,
): TopologyMember {
  const params = { ...test.spec.params, ...test.spec.roles.find((spec) => spec.name === role)?.params };
  return { member: name, role, index, node, addresses, params };
}

function nodeOf({ node: name }: MemberRun, nodes: ReadonlyMap<string, Node>): Node {
  const node = nodes.get(name);
  if (node === undefined)
    throw new TuttiError(
      'NOT_ENOUGH_NODES',
      `node ${name}, which was given to the run, is not known to this master any more; run it again`,
    );
  return node;
}
