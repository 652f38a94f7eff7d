/**
 * An agent's connection: one method per call of the catalogue that an agent may ask, nothing else.
 *
 * Methods, and not functions made for each connection: thousands of agents are connected, and most have nothing to ask.
 */

import {
  type BlobCache,
  type CallContext,
  checkVersion,
  type Handlers,
  type Logger,
  Session,
  type StreamSink,
  type Transport,
} from '@tutti/link';
import {
  type CallParams,
  type CallResult,
  type NodeResult,
  type NodeVerb,
  type StreamTarget,
  type SyncArgs,
  type SyncVerb,
  type SyncWire,
  TuttiError,
} from '@tutti/protocol';
import type { MasterClock } from '../master-clock.ts';
import type { DriveCall, LiveMember, LiveMembers } from '../runs/members.ts';
import type { SyncBroker } from '../sync/broker.ts';
import type { AgentSession, Node } from './node.ts';
import type { Registry } from './registry.ts';
import { settleMembers } from './settle-members.ts';

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
  return new AgentConnection(transport, deps).session;
}

type Ask<K extends keyof Handlers<'agent→master'>> = CallParams<K>;

class AgentConnection implements Handlers<'agent→master'> {
  readonly session: AgentSession;
  readonly #deps: AgentSessionDeps;
  #node: Node | undefined;

  constructor(transport: Transport, deps: AgentSessionDeps) {
    this.#deps = deps;
    this.session = new Session({
      transport,
      sends: 'master→agent',
      receives: 'agent→master',
      handlers: this,
      events: {},
      accept: (target) => this.#accept(target),
      clock: deps.clock,
      opening: 'hello',
      onDefect: (error, where) =>
        deps.log.error({ err: error, conn: transport.peer }, `a defect while serving ${where}`),
    });
    this.session.onClosed((why) => this.#left(why));
  }

  async hello(params: Ask<'hello'>): Promise<CallResult<'hello'>> {
    const { master, software, registry, live, log } = this.#deps;
    checkVersion(params.protocol, `agent ${params.name}`);
    let giveUp: string[] = [];
    let complete: string[] = [];
    const node = await registry.admit(params, this.session, (admittedAs) => {
      giveUp = settleMembers(admittedAs, params, this.session, this.#deps);
      const known = live.onNode(admittedAs);
      complete = known.filter((each) => each.complete && !each.lost).map(({ id }) => id);
    });
    this.#node = node;
    log.info({ node: node.name, conn: this.#peer }, `agent ${node.name} connected from ${this.#peer}`);
    // After the welcome, so that the agent has begun to end them when it is asked to forget them.
    if (giveUp.length > 0)
      setImmediate(() => {
        for (const id of giveUp) node.forget(id);
      });
    return { master, software, giveUp, ...(complete.length === 0 ? {} : { complete }) };
  }

  // What is repeated of a member after its attempt is over is known: the agent may stop saying it.

  async 'member.ended'({ member, end }: Ask<'member.ended'>): Promise<CallResult<'member.ended'>> {
    if (this.#deps.live.find(member)) await this.#member(member).end(end);
    return {};
  }

  async 'member.collected'({
    member,
    skipped,
    links,
  }: Ask<'member.collected'>): Promise<CallResult<'member.collected'>> {
    if (this.#deps.live.find(member)) await this.#member(member).collected({ skipped, links });
    return {};
  }

  async 'member.rebooting'({
    member,
    incarnation,
    ...plan
  }: Ask<'member.rebooting'>): Promise<CallResult<'member.rebooting'>> {
    if (this.#deps.live.find(member)) await this.#member(member).rebooting(incarnation, plan);
    return {};
  }

  async 'member.rebootOther'({
    member,
    request,
    other,
    timeout,
  }: Ask<'member.rebootOther'>): Promise<CallResult<'member.rebootOther'>> {
    await this.#member(member).rebootOther(request, other, timeout);
    return {};
  }

  async 'member.extend'({
    member,
    request,
    seconds,
  }: Ask<'member.extend'>): Promise<CallResult<'member.extend'>> {
    return { remaining: await this.#member(member).extend(request, seconds) };
  }

  async 'blob.missing'({ blobs }: Ask<'blob.missing'>): Promise<CallResult<'blob.missing'>> {
    this.#admitted();
    return { missing: await this.#deps.blobs.missing(blobs) };
  }

  'drive.start'(asked: Ask<'drive.start'>, context: CallContext): Promise<NodeResult<'start'>> {
    return this.#drive('start', asked, context);
  }

  'drive.ended'(asked: Ask<'drive.ended'>, context: CallContext): Promise<NodeResult<'ended'>> {
    return this.#drive('ended', asked, context);
  }

  'drive.stop'(asked: Ask<'drive.stop'>, context: CallContext): Promise<NodeResult<'stop'>> {
    return this.#drive('stop', asked, context);
  }

  'drive.kill'(asked: Ask<'drive.kill'>, context: CallContext): Promise<NodeResult<'kill'>> {
    return this.#drive('kill', asked, context);
  }

  'drive.put'(asked: Ask<'drive.put'>, context: CallContext): Promise<NodeResult<'put'>> {
    return this.#drive('put', asked, context);
  }

  'drive.get'(asked: Ask<'drive.get'>, context: CallContext): Promise<NodeResult<'get'>> {
    return this.#drive('get', asked, context);
  }

  'drive.wait'(asked: Ask<'drive.wait'>, context: CallContext): Promise<NodeResult<'wait'>> {
    return this.#drive('wait', asked, context);
  }

  'drive.reboot'(asked: Ask<'drive.reboot'>, context: CallContext): Promise<NodeResult<'reboot'>> {
    return this.#drive('reboot', asked, context);
  }

  'drive.facts'(asked: Ask<'drive.facts'>, context: CallContext): Promise<NodeResult<'facts'>> {
    return this.#drive('facts', asked, context);
  }

  'drive.open'(asked: Ask<'drive.open'>, context: CallContext): Promise<NodeResult<'open'>> {
    return this.#drive('open', asked, context);
  }

  'drive.read'(asked: Ask<'drive.read'>, context: CallContext): Promise<NodeResult<'read'>> {
    return this.#drive('read', asked, context);
  }

  'drive.write'(asked: Ask<'drive.write'>, context: CallContext): Promise<NodeResult<'write'>> {
    return this.#drive('write', asked, context);
  }

  'drive.resize'(asked: Ask<'drive.resize'>, context: CallContext): Promise<NodeResult<'resize'>> {
    return this.#drive('resize', asked, context);
  }

  'drive.attend'(asked: Ask<'drive.attend'>, context: CallContext): Promise<NodeResult<'attend'>> {
    return this.#drive('attend', asked, context);
  }

  'drive.close'(asked: Ask<'drive.close'>, context: CallContext): Promise<NodeResult<'close'>> {
    return this.#drive('close', asked, context);
  }

  'sync.barrier'(asked: Ask<'sync.barrier'>, context: CallContext): Promise<SyncWire<'barrier'>> {
    return this.#sync('barrier', asked, context);
  }

  'sync.abort'(asked: Ask<'sync.abort'>, context: CallContext): Promise<SyncWire<'abort'>> {
    return this.#sync('abort', asked, context);
  }

  'sync.set'(asked: Ask<'sync.set'>, context: CallContext): Promise<SyncWire<'set'>> {
    return this.#sync('set', asked, context);
  }

  'sync.get'(asked: Ask<'sync.get'>, context: CallContext): Promise<SyncWire<'get'>> {
    return this.#sync('get', asked, context);
  }

  'sync.incr'(asked: Ask<'sync.incr'>, context: CallContext): Promise<SyncWire<'incr'>> {
    return this.#sync('incr', asked, context);
  }

  'sync.keys'(asked: Ask<'sync.keys'>, context: CallContext): Promise<SyncWire<'keys'>> {
    return this.#sync('keys', asked, context);
  }

  'sync.send'(asked: Ask<'sync.send'>, context: CallContext): Promise<SyncWire<'send'>> {
    return this.#sync('send', asked, context);
  }

  'sync.recv'(asked: Ask<'sync.recv'>, context: CallContext): Promise<SyncWire<'recv'>> {
    return this.#sync('recv', asked, context);
  }

  'sync.take'(asked: Ask<'sync.take'>, context: CallContext): Promise<SyncWire<'take'>> {
    return this.#sync('take', asked, context);
  }

  'sync.ack'(asked: Ask<'sync.ack'>, context: CallContext): Promise<SyncWire<'ack'>> {
    return this.#sync('ack', asked, context);
  }

  'sync.hold'(asked: Ask<'sync.hold'>, context: CallContext): Promise<SyncWire<'hold'>> {
    return this.#sync('hold', asked, context);
  }

  'sync.lock'(asked: Ask<'sync.lock'>, context: CallContext): Promise<SyncWire<'lock'>> {
    return this.#sync('lock', asked, context);
  }

  'sync.unlock'(asked: Ask<'sync.unlock'>, context: CallContext): Promise<SyncWire<'unlock'>> {
    return this.#sync('unlock', asked, context);
  }

  #drive<V extends NodeVerb>(
    verb: V,
    { member, request, on, args }: CallParams<`drive.${V}`>,
    { signal }: CallContext,
  ): Promise<NodeResult<V>> {
    return this.#member(member).drive(verb, { request, on, args } as DriveCall<V>, signal);
  }

  #sync<V extends SyncVerb>(
    verb: V,
    params: CallParams<`sync.${V}`>,
    context: CallContext,
  ): Promise<SyncWire<V>> {
    const { clock, broker } = this.#deps;
    const { name, attempt } = this.#member(params.member);
    const at = clock.fromPeer(params.at, this.session.peerOffset);
    return broker.call(
      verb,
      { attempt, member: name, request: params.request, at, args: params.args as SyncArgs<V> },
      this.session,
      () => context.withdrawal,
    );
  }

  #accept(target: StreamTarget): Promise<StreamSink> {
    switch (target.to) {
      case 'blob':
        this.#admitted();
        return this.#deps.blobs.writer(target.digest, target.size);
      case 'log':
        return this.#member(target.member).files.log(target.source, target.incarnation);
      case 'artifact':
        return this.#member(target.member).files.artifact(target);
      default:
        throw new TuttiError('BAD_PARAMS', `an agent does not send a ${target.to}`);
    }
  }

  #member(id: string): LiveMember {
    return this.#deps.live.on(this.#admitted(), id);
  }

  #admitted(): Node {
    if (this.#node) return this.#node;
    throw new TuttiError('HELLO_FIRST', 'the agent has not said hello');
  }

  get #peer(): string {
    return this.session.transport.peer;
  }

  #left(why: TuttiError): void {
    const { log } = this.#deps;
    const about = { conn: this.#peer, code: why.code };
    if (this.#node) {
      const { name } = this.#node;
      log.info({ node: name, ...about }, `agent ${name} disconnected: ${why.message}`);
    } else log.warn(about, `${this.#peer} was turned away: ${why.message}`);
  }
}
