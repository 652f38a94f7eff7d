/**
 * `unanswered.N`: the arrivals at barriers of which incarnation N's script has heard nothing, kept from the announcement of a
 * reboot on. The next incarnation tells the master, which hands it the releases among them.
 *
 * An arrival counts as answered once it is struck out here, which is on the disk before the script is told: so nothing is
 * handed on that the script has heard. Whoever goes while its machine goes down has not been answered, whatever ended the call;
 * before the announcement a caller that goes has given up, and so it has when the script arrives there anew.
 */
import { rm } from 'node:fs/promises';
import { replaceFile } from '@tutti/link';
import { type Scope, type SyncArgs, type SyncVerb, TuttiError } from '@tutti/protocol';
import type { SyncHandler, SyncRequest } from '../socket/verbs.ts';
import { readObject } from '../system/json-file.ts';
import type { Layout } from './layout.ts';

export interface UnansweredArrival {
  readonly name: string;
  readonly request: string;
  readonly scope?: Scope | undefined;
}

export class Unanswered {
  readonly #layout: Layout;
  readonly #arrivals = new Map<string, UnansweredArrival>();
  /** Those that somebody still waits for, by request, each with the call that it is. */
  readonly #calls = new Map<string, object>();
  #recording = false;
  #writing: Promise<void> = Promise.resolve();

  constructor(layout: Layout) {
    this.#layout = layout;
  }

  /** What incarnation N of another agent, or of another boot, has left. */
  static read(layout: Layout): UnansweredArrival[] {
    const arrivals = readObject(layout.unanswered)?.['arrivals'];
    return Array.isArray(arrivals) ? (arrivals as UnansweredArrival[]) : [];
  }

  /** Passes a request on by `ask`, and watches what becomes of it. */
  async watch(ask: SyncHandler, verb: SyncVerb, request: SyncRequest, signal: AbortSignal): Promise<unknown> {
    if (verb !== 'barrier') return ask(verb, request, signal);
    const { request: id } = request;
    const call = {};
    this.#calls.set(id, call);
    await this.#begin(id, request.args as SyncArgs<'barrier'>);
    let told = false;
    try {
      const answer = await ask(verb, request, signal);
      told = !signal.aborted;
      return answer;
    } catch (thrown) {
      // An agent that is being stopped has no answer: the next one may get it.
      told = !signal.aborted && !TuttiError.from(thrown).retry;
      throw thrown;
    } finally {
      // A caller that comes back after a withdrawal has made it its own.
      if (this.#calls.get(id) === call) {
        this.#calls.delete(id);
        if (told || !this.#recording) await this.#strike(id);
      }
    }
  }

  /** From now on, on the disk: a reboot is to be announced. */
  async record(): Promise<void> {
    this.#recording = true;
    await this.#save();
  }

  /** The agent before this one has announced a reboot. */
  resume(): void {
    for (const arrival of Unanswered.read(this.#layout)) this.#arrivals.set(arrival.request, arrival);
    this.#recording = true;
  }

  /** No reboot was announced after all. */
  async discard(): Promise<void> {
    this.#recording = false;
    await this.#writing.catch(() => undefined);
    await rm(this.#layout.unanswered, { force: true });
  }

  async #begin(request: string, { name, scope }: SyncArgs<'barrier'>): Promise<void> {
    for (const [id, other] of this.#arrivals)
      if (other.name === name && other.scope === scope && !this.#calls.has(id)) this.#arrivals.delete(id);
    this.#arrivals.set(request, { name, request, ...(scope === undefined ? {} : { scope }) });
    if (this.#recording) await this.#save();
  }

  async #strike(request: string): Promise<void> {
    this.#arrivals.delete(request);
    if (this.#recording) await this.#save();
  }

  #save(): Promise<void> {
    const write = () =>
      replaceFile(this.#layout.unanswered, JSON.stringify({ arrivals: [...this.#arrivals.values()] }), 0o600);
    const saved = this.#writing.then(write, write);
    this.#writing = saved;
    return saved;
  }
}
