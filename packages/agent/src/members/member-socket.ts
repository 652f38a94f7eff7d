/** A running member's local socket together with the event log behind it. */
import { rm } from 'node:fs/promises';
import type { MemberSpec, RebootEvent } from '@tutti/protocol';
import { Masks } from '../secrets/masks.ts';
import { EventLog } from '../socket/event-log.ts';
import { LocalServer, UNFINISHED } from '../socket/local-server.ts';
import type { MachineVerbs } from '../socket/verbs.ts';
import type { MemberContext } from './context.ts';
import type { Layout } from './layout.ts';

export class MemberSocket {
  readonly #server: LocalServer;
  readonly #events: EventLog;

  private constructor(server: LocalServer, events: EventLog) {
    this.#server = server;
    this.#events = events;
  }

  static async open(
    path: string,
    spec: MemberSpec,
    layout: Layout,
    context: MemberContext,
    machine: MachineVerbs,
  ): Promise<MemberSocket> {
    const events = await EventLog.open(layout.log('events'));
    const server = new LocalServer({
      spec,
      events,
      masks: new Masks(Object.values(spec.secrets ?? {})),
      sync: context.sync,
      machine,
      clock: context.clock,
      log: context.log,
    });
    try {
      await server.listen(path);
    } catch (thrown) {
      await events.close();
      throw thrown;
    }
    return new MemberSocket(server, events);
  }

  /** Writes down something that is not the script's own report. */
  async note(event: RebootEvent): Promise<void> {
    await this.#events.append(event);
  }

  pending(): string[] {
    return this.#server.pending();
  }

  async close(): Promise<void> {
    await this.#server.close();
    await this.#events.close();
  }

  async detach(): Promise<void> {
    this.#server.detach();
    await this.#events.close();
  }
}

/** What an agent that was killed left there. */
export async function removeSocket(path: string): Promise<void> {
  await rm(path, { force: true });
  await rm(`${path}${UNFINISHED}`, { force: true });
}
