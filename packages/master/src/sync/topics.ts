/**
 * Topics of a sync space: messages in one total order, and how far each has got with them. Pure.
 *
 *   recv: every member every message once; its cursor moves when it has acknowledged
 *
 *     given ──ack──▶ consumed            take: each message to one taker, the oldest first
 *       └──the caller is gone──▶ as if it had never been given (a taken one is the next to be taken)
 *
 * Messages stay until the space is dropped: latecomers read from the start, and a look from any offset moves nothing.
 */
import { type Json, TuttiError } from '@tutti/protocol';
import { queueUp } from './in-turn.ts';
import { Room, sizeOfValue } from './room.ts';

export interface Reader {
  readonly member: string;
  readonly request: string;
  readonly topic: string;
  /** Master time in seconds. */
  readonly at: number;
}

/** `look`: at one offset, whoever has consumed it. */
export type Way = 'recv' | 'take' | 'look';

/** A message, and who it goes to. */
export interface Given {
  readonly how: Way;
  readonly reader: Reader;
  readonly offset: number;
}

interface Delivery {
  readonly how: 'recv' | 'take';
  readonly member: string;
  readonly topic: string;
  readonly offset: number;
  consumed: boolean;
}

interface Topic {
  readonly messages: Json[];
  /** By member, the offset that its next `recv` gets. */
  readonly cursors: Map<string, number>;
  /** By member: its `recv` that waits, and its request that was given a message and has not acknowledged it. */
  readonly receivers: Map<string, Reader>;
  readonly receiving: Map<string, string>;
  /** The first offset that nobody has ever taken; and those below that were given back, in order. */
  untaken: number;
  readonly returned: number[];
  readonly takers: Reader[];
  lookers: { reader: Reader; offset: number }[];
}

export class Topics {
  readonly #room: Room;
  readonly #topics = new Map<string, Topic>();
  /** By request. */
  readonly #deliveries = new Map<string, Delivery>();
  /** By member, its requests that were given a message and have not acknowledged it. */
  readonly #unacknowledged = new Map<string, Set<string>>();

  constructor(room: Room = new Room()) {
    this.#room = room;
  }

  /** How many deliveries are remembered. */
  get size(): number {
    return this.#deliveries.size;
  }

  message(topic: string, offset: number): Json | undefined {
    return this.#topics.get(topic)?.messages[offset];
  }

  /** Where the next message of the topic will be. */
  end(topic: string): number {
    return this.#topics.get(topic)?.messages.length ?? 0;
  }

  /** Throws `VALUE_TOO_LARGE` or `SPACE_FULL`. */
  send(name: string, data: Json): { offset: number; given: Given[] } {
    const size = sizeOfValue(`the message to topic "${name}"`, data);
    this.#room.take(`this message to topic "${name}"`, name.length + size);
    const topic = this.#topic(name);
    const offset = topic.messages.push(data) - 1;
    const given: Given[] = [...topic.receivers.values()].map((reader) => ({ how: 'recv', reader, offset }));
    const looking = topic.lookers.filter((looker) => looker.offset === offset);
    if (looking.length > 0) topic.lookers = topic.lookers.filter((looker) => looker.offset !== offset);
    given.push(...looking.map(({ reader }): Given => ({ how: 'look', reader, offset })));
    this.#handOut(topic, given);
    return { offset, given: this.#delivered(given) };
  }

  /** The member's next message, or undefined: it waits. Throws `ALREADY_RECEIVING`. */
  recv(reader: Reader): Given | undefined {
    const { member, topic: name } = reader;
    const topic = this.#topic(name);
    if (topic.receivers.has(member) || topic.receiving.has(member)) {
      throw new TuttiError(
        'ALREADY_RECEIVING',
        `${member} receives from topic "${name}" already, and gets one message at a time`,
      );
    }
    const offset = topic.cursors.get(member) ?? 0;
    if (offset < topic.messages.length) return this.#delivered([{ how: 'recv', reader, offset }])[0];
    topic.receivers.set(member, reader);
    return undefined;
  }

  /** The oldest message that nobody has, or undefined: it waits. */
  take(reader: Reader): Given | undefined {
    const topic = this.#topic(reader.topic);
    queueUp(topic.takers, reader);
    const given: Given[] = [];
    this.#handOut(topic, given);
    return this.#delivered(given)[0];
  }

  /** The message at an offset, or undefined: it waits for it. */
  look(reader: Reader, offset: number): Given | undefined {
    const topic = this.#topic(reader.topic);
    if (offset < topic.messages.length) return { how: 'look', reader, offset };
    topic.lookers.push({ reader, offset });
    return undefined;
  }

  withdraw({ topic: name, member, request }: Reader): void {
    const topic = this.#topics.get(name);
    if (topic === undefined) return;
    if (topic.receivers.get(member)?.request === request) topic.receivers.delete(member);
    const place = topic.takers.findIndex((taker) => taker.request === request);
    if (place !== -1) topic.takers.splice(place, 1);
    topic.lookers = topic.lookers.filter(({ reader }) => reader.request !== request);
  }

  /** The member's `recv` that was given a message of the topic and has not acknowledged it. */
  receiving(member: string, topic: string): string | undefined {
    return this.#topics.get(topic)?.receiving.get(member);
  }

  /** What the request was given, consumed or not. */
  delivery(request: string): Readonly<Delivery> | undefined {
    return this.#deliveries.get(request);
  }

  /** Its message is consumed. False if it was before. Throws `NOT_HELD`. */
  ack(request: string): boolean {
    const delivery = this.#deliveries.get(request);
    if (delivery === undefined)
      throw new TuttiError(
        'NOT_HELD',
        'there is no message to acknowledge: none was given, or it went back when its caller had gone',
      );
    if (delivery.consumed) return false;
    delivery.consumed = true;
    const { how, member, topic: name, offset } = delivery;
    const topic = this.#topic(name);
    if (how === 'recv') topic.cursors.set(member, offset + 1);
    this.#settle(request, delivery);
    return true;
  }

  /** The request's caller is gone: its message was not consumed. Undefined if it has none to give back. */
  giveBack(request: string): Given[] | undefined {
    const delivery = this.#deliveries.get(request);
    if (delivery === undefined || delivery.consumed) return undefined;
    this.#deliveries.delete(request);
    this.#settle(request, delivery);
    const { how, topic: name, offset } = delivery;
    if (how === 'recv') return [];
    const topic = this.#topic(name);
    const place = topic.returned.findIndex((other) => other > offset);
    topic.returned.splice(place === -1 ? topic.returned.length : place, 0, offset);
    const given: Given[] = [];
    this.#handOut(topic, given);
    return this.#delivered(given);
  }

  /** The member's requests that were given a message and have not acknowledged it; the oldest message first, as it goes back so. */
  unacknowledged(member: string): string[] {
    const offset = (request: string) => this.#deliveries.get(request)?.offset ?? 0;
    return [...(this.#unacknowledged.get(member) ?? [])].toSorted((a, b) => offset(a) - offset(b));
  }

  /** A message is the request's until it is acknowledged or given back. */
  deliver(how: 'recv' | 'take', topicName: string, offset: number, member: string, request: string): void {
    const topic = this.#topic(topicName);
    if (how === 'recv') {
      topic.receivers.delete(member);
      topic.receiving.set(member, request);
    } else if (offset === topic.untaken) topic.untaken += 1;
    else topic.returned.splice(topic.returned.indexOf(offset), 1);
    this.#deliveries.set(request, { how, member, topic: topicName, offset, consumed: false });
    const requests = this.#unacknowledged.get(member);
    if (requests) requests.add(request);
    else this.#unacknowledged.set(member, new Set([request]));
  }

  /** The first free messages to the first takers. */
  #handOut(topic: Topic, given: Given[]): void {
    let untaken = topic.untaken;
    const returned = [...topic.returned];
    while (topic.takers.length > 0 && (returned.length > 0 || untaken < topic.messages.length)) {
      const offset = returned.shift() ?? untaken++;
      given.push({ how: 'take', reader: topic.takers.shift() as Reader, offset });
    }
  }

  #delivered(given: Given[]): Given[] {
    for (const { how, reader, offset } of given)
      if (how !== 'look') this.deliver(how, reader.topic, offset, reader.member, reader.request);
    return given;
  }

  #settle(request: string, { how, member, topic }: Delivery): void {
    if (how === 'recv') this.#topic(topic).receiving.delete(member);
    const requests = this.#unacknowledged.get(member);
    requests?.delete(request);
    if (requests?.size === 0) this.#unacknowledged.delete(member);
  }

  #topic(name: string): Topic {
    let topic = this.#topics.get(name);
    if (topic === undefined) {
      topic = {
        messages: [],
        cursors: new Map(),
        receivers: new Map(),
        receiving: new Map(),
        untaken: 0,
        returned: [],
        takers: [],
        lookers: [],
      };
      this.#topics.set(name, topic);
    }
    return topic;
  }
}
