/**
 * The composition root of an agent: every part is made here, once, and given what it needs.
 *
 * Guarantees: members found on the disk are taken over before the first hello; `close` leaves running members
 * alone unless it is told to end them; nothing is shipped to a master that has not asked for it.
 */
import { randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';
import {
  BlobCache,
  bootId,
  Dialer,
  getJson,
  Heartbeat,
  type LinkState,
  type Logger,
  Session,
  StateDirectory,
  systemClock,
  type Transport,
} from '@tutti/link';
import {
  type CallParams,
  type Labels,
  Manifest,
  type MemberOrder,
  type MemberSpec,
  PROTOCOL,
  type Scope,
  Topology,
  TuttiError,
  validate,
} from '@tutti/protocol';
import { Members } from './members/members.ts';
import type { OwnCommand } from './members/own-command.ts';
import { reboot } from './members/reboot-command.ts';
import { onceDone, onNodeHandlers } from './on-node.ts';
import { Absence } from './ship/absence.ts';
import { Ends } from './ship/ends.ts';
import type { MasterSession } from './ship/master-link.ts';
import { masterRequests } from './ship/master-requests.ts';
import { SessionGate } from './ship/session-gate.ts';
import { Shipments } from './ship/shipments.ts';
import { SyncRelay } from './ship/sync-relay.ts';
import type { SyncRequest } from './socket/verbs.ts';
import { findFacts } from './system/facts.ts';
import { freeShare, watchSpace } from './system/free-space.ts';
import { terminalHandlers } from './terminal/handlers.ts';
import { Terminals } from './terminal/terminals.ts';

export interface AgentOptions {
  state: string;
  master: string;
  token: () => string | undefined;
  name: string;
  labels: Labels;
  /** Instead of the address the connection comes from. */
  address?: string | undefined;
  software: string;
  /** The Node that scripts get. */
  nodePath: string;
  /** Where local sockets live; default /run/tutti. */
  runtimeDir?: string | undefined;
  /** Holds index.js, shim.js and python/. */
  sdkDir: string;
  /** How this machine is rebooted: lines of shell, tried one after the other; none: it is not. Default: none. */
  rebootCommands?: readonly string[] | undefined;
  /** What tells one boot of this machine from another; default: the kernel's own boot id. */
  bootId?: string | undefined;
  /** What becomes of members whose master is away, and of a disk that fills. */
  limits?: Partial<AgentLimits> | undefined;
  /** A session of `tutti join`: this agent is there for its pieces alone. */
  session?: string | undefined;
  /** What its members run, instead of what the master says. */
  own?: OwnCommand | undefined;
  log: Logger;
}

export interface AgentLimits {
  /** Seconds without a master after which running members are stopped. */
  orphan: number;
  /** Seconds without a master after which directories of ended members are removed. */
  keepFor: number;
  /** Bytes of such directories that are kept while the master is away for longer than `orphan`. */
  keepBytes: number;
  /** The share of the disk that must be free for members to run: 0 to 1. */
  minFree: number;
}

export const AGENT_LIMITS: AgentLimits = {
  orphan: 3600,
  keepFor: 7 * 86_400,
  keepBytes: 10 * 1024 ** 3,
  minFree: 0.05,
};

export interface Agent {
  readonly name: string;
  /** Resolves at the first welcome; rejects when the master refuses this agent for good. */
  readonly registered: Promise<void>;
  /** Rejects when the master refuses this agent for good; never resolves. */
  readonly refused: Promise<never>;
  /** `kill`: end all members too. */
  close(options: { kill: boolean }): Promise<void>;
  /** Begins the stop ladder of all that runs; the master hears how it ended. */
  cancelMembers(): void;
  debugState(): Record<string, unknown>;
}

export async function startAgent(options: AgentOptions): Promise<Agent> {
  const state = await StateDirectory.open(resolve(options.state), 'agent');
  try {
    return await compose(state, options);
  } catch (error) {
    await state.close();
    throw error;
  }
}

async function compose(state: StateDirectory, options: AgentOptions): Promise<Agent> {
  const { log, name } = options;
  const clock = systemClock;
  const agent = await state.id('agent.id');
  const boot = options.bootId ?? bootId();
  const limits = { ...AGENT_LIMITS, ...options.limits };
  const diskFull = () => freeShare(state.path) < limits.minFree;
  const cache = await BlobCache.open(join(state.path, 'blobs'));
  const gate = new SessionGate();
  const relay = new SyncRelay(gate);
  const registered = Promise.withResolvers<void>();
  const refused = Promise.withResolvers<never>();
  // Whoever is interested waits for them; nobody has to.
  registered.promise.catch(() => {});
  refused.promise.catch(() => {});

  const members = new Members({
    stateDir: state.path,
    runtimeDir: options.runtimeDir,
    nodePath: options.nodePath,
    sdkDir: options.sdkDir,
    cache,
    clock,
    bootId: boot,
    log,
    agent,
    sync: (verb, request, signal) =>
      relay.ask(verb, spaceOf(members.spec(request.member), request), request, signal),
    requests: masterRequests(gate, { node: name, cache }),
    rebootCommands: options.rebootCommands ?? [],
    diskFull,
    own: options.own,
    onEnded: (member, end) => {
      options.own?.onEnd(member, end);
      ends.tell(member, end);
    },
  });
  const absence = new Absence({ stateDir: state.path, members, clock, bootId: boot, log, ...limits });
  const ends = new Ends((member) => members.end(member));
  await members.adopt();
  const terminals = new Terminals({
    ...{ stateDir: state.path, node: name, log },
    place: (of) => members.place(of),
  });
  await terminals.adopt();
  absence.resume();
  const stopWatchingSpace = watchSpace({
    clock,
    isFull: diskFull,
    isBusy: () => members.busy,
    onFull: () => {
      log.error({ path: state.path }, 'the disk is nearly full: members are stopped');
      members.stopAll('disk-full');
    },
  });

  const process = randomBytes(16).toString('hex');
  const hello = async (): Promise<CallParams<'hello'>> => ({
    protocol: { ...PROTOCOL },
    software: options.software,
    agent,
    process,
    boot,
    name,
    labels: options.labels,
    facts: findFacts(),
    ...(options.session === undefined ? {} : { session: options.session }),
    ...(options.address === undefined ? {} : { address: options.address }),
    members: members.presence(),
    waits: members.waits(),
  });

  const rebootMachine = onceDone(() => reboot(options.rebootCommands ?? [], state.path), clock);
  const greet = async (transport: Transport): Promise<MasterSession> => {
    const onNode = onNodeHandlers({
      ...{ members, cache, node: name, boot },
      reboot: rebootMachine,
      session: () => session,
      onStarted: (command) => shipments.begin(command),
    });
    const session: MasterSession = new Session({
      transport,
      sends: 'agent→master',
      receives: 'master→agent',
      handlers: {
        'blob.missing': async ({ blobs }) => ({ missing: await cache.missing(blobs) }),
        'member.prepare': async ({ spec }) => {
          await members.prepare(await specOf(spec, cache));
          return {};
        },
        'member.start': async ({ member }) => {
          await members.start(member);
          shipments.begin(member);
          return {};
        },
        'member.stop': async ({ member, reason }) => {
          members.stop(member, reason);
          return {};
        },
        'member.forget': async ({ member }) => {
          await terminals.endOf(member);
          for (const gone of await members.forget(member)) shipments.forget(gone);
          return {};
        },
        'member.extended': async ({ member, remaining }) => {
          await members.extended(member, remaining);
          return {};
        },
        'member.freeze': async ({ member, frozen }) => {
          await members.freeze(member, frozen);
          return {};
        },
        'member.reboot': async ({ member, incarnation, timeout }) => {
          await members.reboot(member, incarnation, timeout);
          return {};
        },
        'node.probe': () => ({}),
        ...onNode,
        ...terminalHandlers(terminals),
      },
      events: { 'barrier.data': (data) => relay.receive(data) },
      accept: (target) => {
        if (target.to !== 'blob') throw new TuttiError('BAD_PARAMS', `a master does not send a ${target.to}`);
        return cache.writer(target.digest, target.size);
      },
      clock,
      onDefect: (error, where) => log.error({ err: error }, `a defect while serving ${where}`),
    });
    const shipments = new Shipments(session, {
      ...{ members, ends, clock, log },
      onShipped: (member) => {
        void members.noteCollected(member);
        options.own?.onShipped(member);
      },
    });
    const welcome = await session.call('hello', await hello());
    absence.end();
    session.onClosed(() => absence.begin());
    for (const id of welcome.giveUp) members.stop(id, 'given-up');
    const settled = new Set([...welcome.giveUp, ...(welcome.complete ?? [])]);
    for (const { member, state: at } of members.presence()) {
      if (!settled.has(member) && at !== 'prepared') shipments.begin(member);
    }
    gate.open(session);
    registered.resolve();
    return session;
  };

  const onState = (link: LinkState) => {
    if (link.at === 'waiting' && link.error) {
      log.info(
        { code: link.error.code, delay: Math.round(link.delayMs) },
        `${link.error.message}; trying again`,
      );
    }
    if (link.at !== 'refused') return;
    gate.close(link.error);
    registered.reject(link.error);
    refused.reject(link.error);
  };

  const heartbeat = new Heartbeat(clock);
  const { master: address, token } = options;
  const dialer = new Dialer({
    address,
    endpoint: '/agent',
    token,
    clock,
    heartbeat,
    random: Math.random,
    greet,
    onState,
  });
  dialer.start();

  return {
    name,
    registered: registered.promise,
    refused: refused.promise,
    async close({ kill }) {
      const why = new TuttiError('NOT_CONNECTED', `agent ${name} was stopped`);
      dialer.stop(why);
      // Callers that stay are told nothing: they ask the next agent.
      if (kill) gate.close(why);
      stopWatchingSpace();
      await absence.close();
      await terminals.close();
      await members.close({ kill });
      gate.close(why);
      await cache.close();
      await state.close();
    },
    cancelMembers: () => members.stopAll('cancelled'),
    debugState: () => ({
      link: dialer.state.at,
      shipping: ends.size,
      asking: gate.waiting,
      terminals: terminals.size,
      ...members.debugState(),
    }),
  };
}

/** The id of the sync space that is meant. */
function spaceOf(spec: MemberSpec | undefined, { args }: SyncRequest): string {
  const { scope } = args as { scope?: Scope };
  return (scope === 'run' ? spec?.run.id : spec?.attempt.id) ?? '';
}

async function specOf(order: MemberOrder, cache: BlobCache): Promise<MemberSpec> {
  const [files, topology] = await Promise.all([getJson(cache, order.files), getJson(cache, order.topology)]);
  return {
    ...order,
    files: validate(Manifest, files, 'BAD_PARAMS', 'the list of files'),
    topology: validate(Topology, topology, 'BAD_PARAMS', 'the topology'),
  };
}
