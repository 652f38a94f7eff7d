/** A session's peer that says whatever a test wants, well-formed or not, and writes down what it hears. */
import { type Direction, decode, type Envelope, encode, type TuttiError } from '@tutti/protocol';
import {
  type EndOptions,
  FakeClock,
  memoryTransports,
  refuseStreams,
  settled,
  stubEvents,
  stubHandlers,
} from '@tutti/testkit';
import { Session } from '../src/session.ts';
import type { Transport } from '../src/transport.ts';

export class RawPeer {
  readonly heard: Envelope[] = [];
  closed: TuttiError | undefined;
  readonly transport: Transport;

  constructor(transport: Transport) {
    this.transport = transport;
    transport.start({
      message: (bytes) => this.heard.push(decode(bytes)),
      ended: (why) => {
        this.closed = why;
      },
    });
  }

  /** Sends, and lets the session do all it does about it. */
  async say(...envelopes: Envelope[]): Promise<void> {
    for (const envelope of envelopes) this.transport.send(encode(envelope));
    await settled();
  }

  async sayBytes(bytes: Uint8Array): Promise<void> {
    this.transport.send(bytes);
    await settled();
  }

  of<K extends Envelope['kind']>(kind: K): Extract<Envelope, { kind: K }>[] {
    return this.heard.filter(
      (envelope): envelope is Extract<Envelope, { kind: K }> => envelope.kind === kind,
    );
  }

  /** The one envelope of that kind that was heard. */
  only<K extends Envelope['kind']>(kind: K): Extract<Envelope, { kind: K }> {
    const [envelope, ...more] = this.of(kind);
    if (envelope === undefined || more.length > 0)
      throw new Error(`heard ${this.of(kind).length} of ${kind}, not one`);
    return envelope;
  }

  events(name: string): unknown[] {
    return this.of('event').flatMap((event) => (event.name === name ? [event.params] : []));
  }
}

/** A session over a memory pair whose other end is a `RawPeer`. */
export function sessionWithRawPeer<Out extends Direction, In extends Direction>(
  sends: Out,
  receives: In,
  options: EndOptions<In> = {},
) {
  const clock = new FakeClock();
  const pair = memoryTransports({ clock });
  const defects: { error: unknown; where: string }[] = [];
  const session = new Session<Out, In>({
    transport: pair.left,
    sends,
    receives,
    handlers: stubHandlers(receives, options.handlers),
    events: stubEvents(receives, options.events),
    accept: options.accept ?? refuseStreams,
    clock,
    ...(options.opening === undefined ? {} : { opening: options.opening }),
    onDefect: (error, where) => defects.push({ error, where }),
  });
  return { session, peer: new RawPeer(pair.right), pair, clock, defects };
}

/** A session of the master's with an agent that is a `RawPeer`. */
export const masterWithRawAgent = (options: EndOptions<'agent→master'> = {}) =>
  sessionWithRawPeer('master→agent', 'agent→master', options);

/** A session of an agent's with a master that is a `RawPeer`. */
export const agentWithRawMaster = (options: EndOptions<'master→agent'> = {}) =>
  sessionWithRawPeer('agent→master', 'master→agent', options);
