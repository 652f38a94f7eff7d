/**
 * Messages of topics on their way to members: who waits for one, who was given which, and which are in doubt because nobody knows
 * whether their callers live. Pure.
 */
import { type SyncArgs, TuttiError } from '@tutti/protocol';
import type { Settled } from './decisions.ts';
import { type Settling, succeeded } from './settling.ts';
import type { SpaceState } from './space-state.ts';
import type { Given, Reader } from './topics.ts';
import type { Waiting, WaitingRequests } from './waiting.ts';

/** Who asks, and by which request. */
type Caller = Pick<Reader, 'member' | 'request'>;

export interface ReceivingHooks {
  /** A request of the member begins to wait: settles it if nobody can end that. */
  onWait: (member: string, request: string) => Settled[];
  /** Puts a `recv` that waited for its turn. */
  again: (reader: Reader, wait: boolean) => Settled[];
}

export class Receiving {
  readonly #state: SpaceState;
  readonly #waiting: WaitingRequests;
  readonly #settling: Settling;
  readonly #hooks: ReceivingHooks;
  /** Requests that were given a message, of which it is not known whether their callers live. */
  readonly #inDoubt = new Set<string>();

  constructor(state: SpaceState, waiting: WaitingRequests, settling: Settling, hooks: ReceivingHooks) {
    this.#state = state;
    this.#waiting = waiting;
    this.#settling = settling;
    this.#hooks = hooks;
  }

  recv({ from, wait }: SyncArgs<'recv'>, reader: Reader): Settled[] {
    const { topics } = this.#state;
    if (from !== undefined) return this.#received(topics.look(reader, from), reader, wait);
    const { member, request, topic } = reader;
    const behind = topics.receiving(member, topic);
    if (behind === undefined || !this.#inDoubt.has(behind) || this.#turns(member, topic).length > 0)
      return this.#received(topics.recv(reader), reader, wait);
    this.#waiting.set(request, { kind: 'turn', member, reader, wait: wait ?? true, behind });
    return [];
  }

  take({ wait }: SyncArgs<'take'>, reader: Reader): Settled[] {
    return this.#received(this.#state.topics.take(reader), reader, wait);
  }

  /** The message that the request `of` was given is consumed. */
  acknowledge(of: string, { member, request }: Caller): Settled[] {
    const { topics, decisions } = this.#state;
    try {
      if (topics.ack(of)) decisions.emit({ did: 'ack', request: of });
    } catch (thrown) {
      // Not kept: it is as true when it is asked again.
      return [{ request, answer: { ok: false, error: TuttiError.from(thrown) } }];
    }
    const settled = [succeeded(request, {})];
    const hold = this.#waiting.holdOf(of);
    if (hold !== undefined) {
      this.#waiting.take(hold);
      settled.push(succeeded(hold, {}));
    }
    return [...settled, ...this.#nextTurn(member, of)];
  }

  /** The caller of the request `of` lives as long as this one waits. */
  hold(of: string, { member, request }: Caller): Settled[] {
    if (this.#state.topics.delivery(of)?.consumed) return [succeeded(request, {})];
    this.#waiting.set(request, { kind: 'hold', member, of });
    return this.#nextTurn(member, of);
  }

  /** What the request was given goes to the next. */
  giveBack(request: string): Settled[] {
    this.#inDoubt.delete(request);
    return this.#settling.giveBack(request);
  }

  /** All that the member was given and has not acknowledged. */
  giveAllBack(member: string): Settled[] {
    return this.#state.topics.unacknowledged(member).flatMap((request) => this.giveBack(request));
  }

  /** What the member was given, where nobody stands for it, is in doubt from now on. False if there is nothing of the kind. */
  doubtUnheld(member: string): boolean {
    const given = this.#state.topics.unacknowledged(member);
    const unheld = given.filter((request) => this.#waiting.holdOf(request) === undefined);
    for (const request of unheld) this.#inDoubt.add(request);
    return unheld.length > 0;
  }

  /** Gives back what was in doubt, and still is. */
  returnUnheld(member: string): Settled[] {
    const given = this.#state.topics.unacknowledged(member).filter((request) => this.#inDoubt.has(request));
    return given.flatMap((request) => [
      ...this.#settling.giveBack(request),
      ...this.#nextTurn(member, request),
    ]);
  }

  /** What has become of the message that the request was given is in doubt no longer. */
  #nextTurn(member: string, of: string): Settled[] {
    if (!this.#inDoubt.delete(of)) return [];
    return this.#turns(member).flatMap(({ reader, wait, behind }) => {
      if (behind !== of) return [];
      this.#waiting.take(reader.request);
      return this.#hooks.again(reader, wait);
    });
  }

  #turns(member: string, topic?: string): Extract<Waiting, { kind: 'turn' }>[] {
    return this.#waiting.of(member).flatMap((request) => {
      const waiting = this.#waiting.get(request);
      const isOne = waiting?.kind === 'turn' && (topic ?? waiting.reader.topic) === waiting.reader.topic;
      return isOne ? [waiting] : [];
    });
  }

  #received(given: Given | undefined, reader: Reader, wait = true): Settled[] {
    const { member, request, topic } = reader;
    if (given) return this.#settling.give([given]);
    if (wait) {
      this.#waiting.set(request, { kind: 'message', member, reader });
      return this.#hooks.onWait(member, request);
    }
    this.#state.topics.withdraw(reader);
    return [succeeded(request, { found: false, offset: this.#state.topics.end(topic), data: null })];
  }
}
