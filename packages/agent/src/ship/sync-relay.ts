/**
 * Passes the sync verbs of scripts on to the master, across lost connections: a request is repeated, with its
 * own id and its original time, on every new session until it is answered or its caller has gone.
 */
import {
  type CallName,
  type CallParams,
  type EventParams,
  type Json,
  type SyncVerb,
  type SyncWire,
  TuttiError,
} from '@tutti/protocol';
import type { SyncRequest } from '../socket/verbs.ts';
import { askMaster } from './master-calls.ts';
import type { MasterLink } from './master-link.ts';

/** A member is always in one generation of a barrier, so the data of few is enough. */
const KEPT = 64;

export class SyncRelay {
  readonly #link: MasterLink;
  /** Barrier data that came ahead of its answers, by space, name and generation; oldest first. */
  readonly #data = new Map<string, Record<string, Json>>();

  constructor(link: MasterLink) {
    this.#link = link;
  }

  /** Resolves with what the script gets. `space`: the id of the attempt, or of the run. */
  async ask(verb: SyncVerb, space: string, request: SyncRequest, signal: AbortSignal): Promise<unknown> {
    if (verb !== 'barrier') return this.#call(verb, request, signal);
    for (const last of [false, true]) {
      const released = (await this.#call(verb, request, signal)) as SyncWire<'barrier'>;
      const data = this.#dataOf(space, request, released);
      const { generation, rank, size } = released;
      if (data) return { generation, rank, size, data };
      // Pushed out by that of others: asked again, it comes again just before the answer.
      if (last) break;
    }
    throw new TuttiError('INTERNAL', 'the master released a barrier and did not send its data');
  }

  receive({ attempt, name, generation, json }: EventParams<'barrier.data'>): void {
    this.#data.set(key(attempt, name, generation), JSON.parse(json) as Record<string, Json>);
    for (const oldest of this.#data.keys()) {
      if (this.#data.size <= KEPT) break;
      this.#data.delete(oldest);
    }
  }

  async #call(verb: SyncVerb, request: SyncRequest, signal: AbortSignal): Promise<unknown> {
    const name = `sync.${verb}` as CallName<'agent→master'>;
    return askMaster(this.#link, name, request as CallParams<typeof name>, signal);
  }

  #dataOf(
    space: string,
    { args }: SyncRequest,
    { generation, hasData }: SyncWire<'barrier'>,
  ): Record<string, Json> | undefined {
    const { name } = args as { name: string };
    return hasData ? this.#data.get(key(space, name, generation)) : {};
  }
}

function key(space: string, name: string, generation: number): string {
  return `${space} ${generation} ${name}`;
}
