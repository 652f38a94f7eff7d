/** What an agent may ask of the master: one handler per call of the catalogue, nothing else. */

import type { BlobCache, Logger } from '@tutti/link';
import {
  type CallContext,
  checkVersion,
  type Handlers,
  Session,
  type StreamSink,
  type Transport,
} from '@tutti/link';
import {
  type CallParams,
  type StreamTarget,
  type SyncArgs,
  type SyncVerb,
  type SyncWire,
  TuttiError,
} from '@tutti/protocol';
import type { MasterClock } from '../master-clock.ts';
import type { LiveMember, LiveMembers } from '../runs/members.ts';
import type { SyncBroker } from '../sync/broker.ts';
import { driveHandlers } from './drive-calls.ts';
import { type AgentSession, type Node, REPEAT_MS } from './node.ts';
import type { Registry } from './registry.ts';

export interface AgentSessionDeps {
  master: string;
  software: string;
  clock: MasterClock;
  registry: Registry;
  live: LiveMembers;
  broker: SyncBroker;
  blobs: Pick<BlobCache, 'missing' | 'writer'>;
  log: Logger;
}

/** Serves an agent's connection until it ends. */
export function serveAgent(transport: Transport, deps: AgentSessionDeps): AgentSession {
  const { clock, registry, live, broker, blobs, log } = deps;
  let node: Node | undefined;

  const member = (id: string): LiveMember => live.on(admitted(), id);
  const admitted = (): Node => {
    if (node) return node;
    throw new TuttiError('HELLO_FIRST', 'the agent has not said hello');
  };

  const sync = <V extends SyncVerb>(
    verb: V,
    params: CallParams<`sync.${V}`>,
    context: CallContext,
  ): Promise<SyncWire<V>> => {
    const { name, attempt } = member(params.member);
    const at = clock.fromPeer(params.at, session.peerOffset);
    return broker.call(
      verb,
      { attempt, member: name, request: params.request, at, args: params.args as SyncArgs<V> },
      session,
      () => context.withdrawal,
    );
  };

  // What is repeated of a member after its attempt is over is known: the agent may stop saying it.
  const handlers: Handlers<'agent→master'> = {
    hello: async (params) => {
      checkVersion(params.protocol, `agent ${params.name}`);
      let giveUp: string[] = [];
      let complete: string[] = [];
      node = await registry.admit(params, session, (admittedAs) => {
        giveUp = settleMembers(admittedAs, params, session, deps);
        const known = live.onNode(admittedAs);
        complete = known.filter((each) => each.complete && !each.lost).map(({ id }) => id);
      });
      log.info(
        { node: node.name, conn: transport.peer },
        `agent ${node.name} connected from ${transport.peer}`,
      );
      // After the welcome, so that the agent has begun to end them when it is asked to forget them.
      setImmediate(() => {
        for (const id of giveUp) node?.forget(id);
      });
      return {
        master: deps.master,
        software: deps.software,
        giveUp,
        ...(complete.length === 0 ? {} : { complete }),
      };
    },
    'member.ended': async ({ member: id, end }) => {
      if (live.find(id)) await member(id).end(end);
      return {};
    },
    'member.collected': async ({ member: id, skipped, links }) => {
      if (live.find(id)) await member(id).collected({ skipped, links });
      return {};
    },
    'member.rebooting': async ({ member: id, incarnation, ...plan }) => {
      if (live.find(id)) await member(id).rebooting(incarnation, plan);
      return {};
    },
    'member.rebootOther': async ({ member: id, request, other, timeout }) => {
      await member(id).rebootOther(request, other, timeout);
      return {};
    },
    'member.extend': async ({ member: id, request, seconds }) => ({
      remaining: await member(id).extend(request, seconds),
    }),
    'blob.missing': async ({ blobs: asked }) => {
      admitted();
      return { missing: await blobs.missing(asked) };
    },
    ...driveHandlers(member),
    'sync.barrier': (params, context) => sync('barrier', params, context),
    'sync.abort': (params, context) => sync('abort', params, context),
    'sync.set': (params, context) => sync('set', params, context),
    'sync.get': (params, context) => sync('get', params, context),
    'sync.incr': (params, context) => sync('incr', params, context),
    'sync.keys': (params, context) => sync('keys', params, context),
    'sync.send': (params, context) => sync('send', params, context),
    'sync.recv': (params, context) => sync('recv', params, context),
    'sync.take': (params, context) => sync('take', params, context),
    'sync.ack': (params, context) => sync('ack', params, context),
    'sync.hold': (params, context) => sync('hold', params, context),
    'sync.lock': (params, context) => sync('lock', params, context),
    'sync.unlock': (params, context) => sync('unlock', params, context),
  };

  const session: AgentSession = new Session({
    transport,
    sends: 'master→agent',
    receives: 'agent→master',
    handlers,
    events: {},
    accept: (target) => {
      if (target.to !== 'blob') return sink(target, member);
      admitted();
      return blobs.writer(target.digest, target.size);
    },
    clock,
    opening: 'hello',
    onDefect: (error, where) =>
      log.error({ err: error, conn: transport.peer }, `a defect while serving ${where}`),
  });
  session.onClosed((why) => {
    if (node)
      log.info(
        { node: node.name, conn: transport.peer, code: why.code },
        `agent ${node.name} disconnected: ${why.message}`,
      );
    else
      log.warn({ conn: transport.peer, code: why.code }, `${transport.peer} was turned away: ${why.message}`);
  });
  return session;
}

/** Brings what the agent has and what the master believes together; returns the members that are not wanted. */
function settleMembers(
  node: Node,
  hello: CallParams<'hello'>,
  session: AgentSession,
  { master, live, broker, clock }: AgentSessionDeps,
): string[] {
  const waits = new Set(hello.waits);
  const mayComeAgain = node.hasBegun(hello.process, clock.monotonicMs());
  const present = new Map(hello.members.map((presence) => [presence.member, presence]));
  const unwanted = hello.members.filter(({ member: id, master: owner }) => {
    const known = live.find(id);
    return owner !== master || known?.machine !== node || known.lost;
  });
  const giveUp = unwanted.map(({ member }) => member);
  node.settle(giveUp);
  const inDoubt: LiveMember[] = [];
  for (const known of live.onNode(node)) {
    if (broker.keepOnly(known.attempt, known.name, waits, { mayComeAgain })) inDoubt.push(known);
    const presence = present.get(known.id);
    if (presence !== undefined) known.present(presence);
    else if (known.owed) known.vanished();
  }
  if (inDoubt.length > 0) {
    const cancel = clock.after(REPEAT_MS, () => {
      for (const known of inDoubt) broker.endDoubt(known.attempt, known.name);
    });
    session.onClosed(cancel);
  }
  return giveUp;
}

function sink(target: StreamTarget, member: (id: string) => LiveMember): Promise<StreamSink> {
  switch (target.to) {
    case 'log':
      return member(target.member).files.log(target.source, target.incarnation);
    case 'artifact':
      return member(target.member).files.artifact(target);
    default:
      throw new TuttiError('BAD_PARAMS', `an agent does not send a ${target.to}`);
  }
}
