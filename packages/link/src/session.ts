/**
 * One socket as a typed two-way session.
 *
 * Guarantees
 * - What comes in is decoded and validated here; handlers only ever see values of their declared type.
 * - Every incoming call is answered exactly once, in whatever order they finish; every outgoing call
 *   settles: with its answer, with `CANCELLED` when its signal is aborted, or with the reason the session ended.
 * - A peer that breaks the protocol is told why and cut off; nothing else is disturbed.
 * - Until the opening call (`hello`) has succeeded, a peer can do nothing but ping.
 * Not here: reconnecting, repeating, and what any message means.
 */
import {
  type AnyCallName,
  type AnyEventName,
  type CallName,
  type CallParams,
  type CallResult,
  type Direction,
  dataHead,
  decode,
  type Envelope,
  type EventName,
  type EventParams,
  encode,
  findCall,
  findEvent,
  isErrorCode,
  LIMITS,
  type StreamTarget,
  TuttiError,
  validate,
} from '@tutti/protocol';
import { AskedCalls, withdrawn } from './asked-calls.ts';
import type { Clock } from './clock.ts';
import { ClockOffset } from './clock-offset.ts';
import { FleetingMap } from './fleeting-map.ts';
import type { Pulse } from './heartbeat.ts';
import { type CallContext, ServedCall } from './served-call.ts';
import { IncomingStreams, type StreamAcceptor } from './streams/incoming.ts';
import { type ByteSource, type OutgoingStream, OutgoingStreams } from './streams/outgoing.ts';
import type { Transport, TransportEvents } from './transport.ts';

export type { CallContext, Withdrawal } from './served-call.ts';

/** A total map: a missing handler does not compile. */
export type Handlers<D extends Direction> = {
  [K in CallName<D>]: (params: CallParams<K>, context: CallContext) => Promise<CallResult<K>> | CallResult<K>;
};

export type EventHandlers<D extends Direction> = { [K in EventName<D>]: (params: EventParams<K>) => void };

export interface SessionOptions<Out extends Direction, In extends Direction> {
  transport: Transport;
  sends: Out;
  receives: In;
  handlers: Handlers<In>;
  events: EventHandlers<In>;
  /** Where incoming streams go. */
  accept: StreamAcceptor;
  clock: Clock;
  /** The call the peer has to begin with, once; absent at the side that dials. */
  opening?: CallName<In>;
  /** Hears about defects of handlers and listeners; callers see `INTERNAL`. */
  onDefect?: (error: unknown, where: string) => void;
}

/** Of an error, in UTF-16 units: a failure has to fit into a frame. */
const LONGEST_MESSAGE = 65_536;

type AnyHandler = (params: unknown, context: CallContext) => unknown;

export class Session<Out extends Direction = Direction, In extends Direction = Direction>
  implements TransportEvents, Pulse
{
  readonly transport: Transport;
  /** Of the peer's wall clock over this machine's monotonic clock. */
  readonly offset = new ClockOffset();
  /** What the peer last said of this end's wall clock over its own monotonic clock, in ms. */
  peerOffset: number | undefined;

  readonly #options: SessionOptions<Out, In>;
  readonly #asked: AskedCalls;
  readonly #serving = new FleetingMap<number, ServedCall>();
  /** Made for the first stream: most sessions have none. */
  #madeOutgoing: OutgoingStreams | undefined;
  #madeIncoming: IncomingStreams | undefined;
  readonly #closedListeners: ((why: TuttiError) => void)[] = [];
  #sent = 0;
  /** The opening call has been asked; `#opened`: and has succeeded. */
  #greeted = false;
  #opened: boolean;
  #closed: TuttiError | undefined;

  constructor(options: SessionOptions<Out, In>) {
    this.#options = options;
    this.transport = options.transport;
    this.#opened = options.opening === undefined;
    this.#asked = new AskedCalls((envelope) => this.#send(envelope));
    this.transport.start(this);
  }

  /** Calls the peer. Rejects with a `TuttiError`: the peer's own, `CANCELLED`, `BAD_RESULT`, or why the session ended. */
  call<K extends CallName<Out>>(
    name: K,
    params: CallParams<K>,
    options: { signal?: AbortSignal | undefined } = {},
  ): Promise<CallResult<K>> {
    return this.#ask(name, params, options.signal) as Promise<CallResult<K>>;
  }

  emit<K extends EventName<Out>>(name: K, params: EventParams<K>): void {
    this.#notify(name, params);
  }

  /** Sends a frame made by `encodeEvent`: one encoding for many sessions. */
  sendEncoded(frame: Uint8Array): void {
    this.#sendBytes(frame);
  }

  openStream(target: StreamTarget, source: ByteSource): Promise<OutgoingStream> {
    return this.#outgoing.open(target, source);
  }

  ping(): void {
    const offset = this.offset.value;
    this.#notify('link.ping', {
      sent: this.#options.clock.monotonicMs(),
      ...(offset === undefined ? {} : { offset }),
    });
  }

  onClosed(listener: (why: TuttiError) => void): void {
    if (this.#closed) listener(this.#closed);
    else this.#closedListeners.push(listener);
  }

  get closed(): TuttiError | undefined {
    return this.#closed;
  }

  /** Bytes ever received. */
  get received(): number {
    return this.transport.received;
  }

  /** Messages ever handed to the transport. */
  get sent(): number {
    return this.#sent;
  }

  /** The opening call has succeeded. */
  get opened(): boolean {
    return this.#opened;
  }

  close(why: TuttiError): void {
    if (this.#closed) return;
    this.transport.close(why);
    this.ended(why);
  }

  /** For the heartbeat: nothing has come for so long. */
  silent(ms: number): void {
    const message = `${this.transport.peer} was silent for ${(ms / 1000).toFixed(1)} s`;
    this.close(new TuttiError('NOT_CONNECTED', message));
  }

  debugState(): { pending: number; serving: number; outgoing: number; incoming: number } {
    return {
      pending: this.#asked.size,
      serving: this.#serving.size,
      outgoing: this.#madeOutgoing?.size ?? 0,
      incoming: this.#madeIncoming?.size ?? 0,
    };
  }

  get #outgoing(): OutgoingStreams {
    this.#madeOutgoing ??= new OutgoingStreams({
      open: (stream, target) => this.#ask('stream.open', { stream, target }) as Promise<{ length: number }>,
      close: (stream, length) => this.#ask('stream.close', { stream, length }),
      data: (stream, offset, bytes, flushed) => {
        if (this.#closed) return;
        this.#sent += 1;
        this.transport.sendData(dataHead(stream, offset, bytes.byteLength), bytes, flushed);
      },
    });
    return this.#madeOutgoing;
  }

  get #incoming(): IncomingStreams {
    this.#madeIncoming ??= new IncomingStreams(this.#options.accept, {
      acknowledge: (stream, length) => this.#notify('stream.ack', { stream, length }),
      refuse: (stream, error) =>
        this.#notify('stream.refused', { stream, code: error.code, message: error.message }),
    });
    return this.#madeIncoming;
  }

  #ask(name: AnyCallName, params: unknown, signal?: AbortSignal): Promise<unknown> {
    return this.#closed ? Promise.reject(this.#closed) : this.#asked.ask(name, params, signal);
  }

  #notify(name: AnyEventName, params: unknown): void {
    this.#send({ kind: 'event', name, params });
  }

  #send(envelope: Envelope): void {
    this.#sendBytes(encode(envelope));
  }

  #sendBytes(bytes: Uint8Array): void {
    if (this.#closed) return;
    this.#sent += 1;
    this.transport.send(bytes);
    if (this.transport.queued > LIMITS.sendQueue.value) {
      this.close(
        new TuttiError(
          'SLOW_PEER',
          `${this.transport.peer} does not read: ${this.transport.queued} bytes wait for it`,
        ),
      );
    }
  }

  /** For the transport. */
  message(bytes: Uint8Array): void {
    if (this.#closed) return;
    try {
      this.#dispatch(decode(bytes));
    } catch (error) {
      if (!(error instanceof TuttiError)) this.#options.onDefect?.(error, 'a received frame');
      this.close(TuttiError.from(error));
    }
  }

  #dispatch(envelope: Envelope): void {
    switch (envelope.kind) {
      case 'call':
        return this.#serve(envelope.id, envelope.name, envelope.params);
      case 'result':
        return this.#asked.resolve(envelope.id, envelope.result);
      case 'failure':
        return this.#asked.reject(envelope.id, envelope.failure);
      case 'event':
        return this.#hear(envelope.name, envelope.params);
      case 'cancel':
        return this.#serving.get(envelope.id)?.withdraw(withdrawn('the call'));
      case 'data':
        if (!this.#opened) throw new TuttiError('HELLO_FIRST', 'stream data before hello');
        return this.#incoming.data(envelope.stream, envelope.offset, envelope.bytes);
    }
  }

  #hear(name: string, params: unknown): void {
    const entry = findEvent(name, this.#options.receives);
    // Unknown events are ignored: a newer minor version may send more.
    if (entry === undefined) return;
    const value = validate(entry.params, params, 'BAD_PARAMS', `event ${name}`);
    if (name === 'link.ping') return this.#pinged(value as { sent: number; offset?: number });
    if (name === 'link.pong') {
      const { sent, wall } = value as { sent: number; wall: number };
      this.offset.add(sent, this.#options.clock.monotonicMs(), wall);
      return;
    }
    if (!this.#opened) throw new TuttiError('HELLO_FIRST', `event ${name} before hello`);
    if (name === 'stream.ack') {
      const { stream, length } = value as EventParams<'stream.ack'>;
      return this.#madeOutgoing?.acknowledged(stream, length);
    }
    if (name === 'stream.refused') {
      const { stream, code, message } = value as EventParams<'stream.refused'>;
      return this.#madeOutgoing?.refused(
        stream,
        new TuttiError(isErrorCode(code) ? code : 'INTERNAL', message),
      );
    }
    // What a handler makes of an event is not the peer's fault: it costs no session.
    this.#guarded(`event ${name}`, () =>
      (this.#options.events as Record<string, (params: unknown) => void>)[name]?.(value),
    );
  }

  #guarded(where: string, run: () => void): void {
    try {
      run();
    } catch (error) {
      this.#options.onDefect?.(error, where);
    }
  }

  #pinged({ sent, offset }: { sent: number; offset?: number }): void {
    if (offset !== undefined) this.peerOffset = offset;
    this.#notify('link.pong', { sent, wall: this.#options.clock.wallMs() });
  }

  #serve(id: number, name: string, params: unknown): void {
    if (this.#serving.has(id)) throw new TuttiError('BAD_FRAME', `call ${id} is asked twice`);
    const served = new ServedCall();
    try {
      const value = this.#admitted(name, params);
      this.#serving.set(id, served);
      const answer = this.#handle(name, value, served);
      if (answer instanceof Promise) {
        answer.then(
          (result) => this.#answer(id, name, result),
          (error: unknown) => this.#fail(id, name, error),
        );
      } else this.#answer(id, name, answer);
    } catch (error) {
      this.#fail(id, name, error);
    }
  }

  /** The parameters of a call that may be asked now; throws otherwise. */
  #admitted(name: string, params: unknown): unknown {
    const { opening } = this.#options;
    if (!this.#opened && name !== opening)
      throw new TuttiError('HELLO_FIRST', `call ${name} before ${opening}`);
    if (this.#serving.size >= LIMITS.openCalls.value) {
      throw new TuttiError(
        'TOO_MANY_CALLS',
        `more than ${LIMITS.openCalls.value} unanswered calls in one session`,
      );
    }
    const entry = findCall(name, this.#options.receives);
    if (entry === undefined)
      throw new TuttiError('UNKNOWN_CALL', `unknown call "${name.slice(0, LIMITS.name.value)}"`);
    const value = validate(entry.params, params, 'BAD_PARAMS', name);
    if (name === opening) {
      if (this.#greeted) throw new TuttiError('HELLO_FIRST', `${name} is said once in a session`);
      this.#greeted = true;
    }
    return value;
  }

  #handle(name: string, params: unknown, context: CallContext): unknown {
    if (name === 'stream.open') {
      const { stream, target } = params as CallParams<'stream.open'>;
      return this.#incoming.open(stream, target);
    }
    if (name === 'stream.close') {
      const { stream, length } = params as CallParams<'stream.close'>;
      return this.#incoming.close(stream, length).then(() => ({}));
    }
    return (this.#options.handlers as unknown as Record<string, AnyHandler>)[name]?.(params, context);
  }

  #answer(id: number, name: string, result: unknown): void {
    // The session has ended meanwhile.
    if (!this.#serving.delete(id)) return;
    let frame: Uint8Array;
    try {
      if (result === undefined) throw new TypeError(`the handler of ${name} returned nothing`);
      frame = encode({ kind: 'result', id, result });
    } catch (error) {
      this.#fail(id, name, error);
      return;
    }
    // Before the answer: what the peer sends right after it must find the door open.
    if (!this.#opened && name === this.#options.opening) this.#opened = true;
    this.#sendBytes(frame);
  }

  #fail(id: number, name: string, thrown: unknown): void {
    this.#serving.delete(id);
    if (this.#closed) return;
    if (!(thrown instanceof TuttiError)) this.#options.onDefect?.(thrown, name);
    const error = TuttiError.from(thrown);
    this.#sendBytes(failureFrame(id, error));
    // A peer that is refused at the door, or that does not knock, is not kept waiting in it.
    if (!this.#opened && (name === this.#options.opening || error.code === 'HELLO_FIRST')) this.close(error);
  }

  /** For the transport. */
  ended(why: TuttiError): void {
    if (this.#closed) return;
    this.#closed = why;
    this.#asked.end(why);
    for (const served of this.#serving.values()) served.withdraw(why);
    this.#serving.clear();
    this.#madeOutgoing?.end(why);
    this.#madeIncoming?.end();
    for (const listener of this.#closedListeners) this.#guarded('closed', () => listener(why));
  }
}

/** One event as the bytes of a frame, for `Session.sendEncoded`. */
export function encodeEvent<K extends AnyEventName>(name: K, params: EventParams<K>): Uint8Array {
  return encode({ kind: 'event', name, params });
}

/** A failure always reaches the caller: details that JSON or a frame cannot hold are left out. */
function failureFrame(id: number, { code, message, details }: TuttiError): Uint8Array {
  const failure = { code, message: message.slice(0, LONGEST_MESSAGE) };
  try {
    return encode({ kind: 'failure', id, failure: { ...failure, details: plain(details) } });
  } catch {
    return encode({ kind: 'failure', id, failure });
  }
}

function plain(details: Record<string, unknown> | undefined): Record<string, unknown> | undefined {
  return details && (JSON.parse(JSON.stringify(details)) as Record<string, unknown>);
}
