/** Two sessions over a pair of in-memory transports: a peer that dialled, and the master. */
import { type Clock, type EventHandlers, type Handlers, Session, type StreamAcceptor } from '@tutti/link';
import type { CallName, Direction } from '@tutti/protocol';
import { FakeClock } from './fake-clock.ts';
import { type MemoryOptions, type MemoryPair, memoryTransports } from './memory-transport.ts';
import { refuseStreams, stubEvents, stubHandlers } from './stub-handlers.ts';

type Peer = 'agent' | 'client';

export interface EndOptions<In extends Direction> {
  handlers?: Partial<Handlers<In>>;
  events?: Partial<EventHandlers<In>>;
  accept?: StreamAcceptor;
  /** Without it the session takes any call at once. */
  opening?: CallName<In>;
  /** This end's own clock; else the pair's. */
  clock?: Clock;
}

export interface ConnectOptions<P extends Peer> extends Omit<MemoryOptions, 'clock'> {
  clock?: FakeClock;
  dialled?: EndOptions<`master→${P}`>;
  master?: EndOptions<`${P}→master`>;
}

export interface ConnectedSessions<P extends Peer> {
  /** The agent's or client's end; it is the left one of the pair. */
  dialled: Session<`${P}→master`, `master→${P}`>;
  master: Session<`master→${P}`, `${P}→master`>;
  pair: MemoryPair;
  clock: FakeClock;
  /** Defects that either session reported. */
  defects: { error: unknown; where: string }[];
}

export function connectedSessions<P extends Peer = 'agent'>(
  peer: P,
  { clock = new FakeClock(), dialled = {}, master = {}, ...memory }: ConnectOptions<P> = {},
): ConnectedSessions<P> {
  const pair = memoryTransports({ clock, ...memory });
  const defects: ConnectedSessions<P>['defects'] = [];
  const up = `${peer}→master` as const;
  const down = `master→${peer}` as const;
  const end = <Out extends Direction, In extends Direction>(
    transport: MemoryPair['left'],
    sends: Out,
    receives: In,
    options: EndOptions<In>,
  ) =>
    new Session<Out, In>({
      transport,
      sends,
      receives,
      handlers: stubHandlers(receives, options.handlers),
      events: stubEvents(receives, options.events),
      accept: options.accept ?? refuseStreams,
      clock: options.clock ?? clock,
      ...(options.opening === undefined ? {} : { opening: options.opening }),
      onDefect: (error, where) => defects.push({ error, where }),
    });
  return {
    dialled: end(pair.left, up, down, dialled),
    master: end(pair.right, down, up, master),
    pair,
    clock,
    defects,
  };
}
