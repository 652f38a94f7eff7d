/** A running member's local socket together with the event log behind it. */
import type { MemberSpec } from '@tutti/protocol';
import { EventLog } from '../socket/event-log.ts';
import { LocalServer } from '../socket/local-server.ts';
import { socketPath } from '../socket/runtime-dir.ts';
import type { MemberContext } from './context.ts';
import type { Layout } from './layout.ts';

export class MemberSocket {
  readonly path: string;
  readonly #server: LocalServer;
  readonly #events: EventLog;

  private constructor(path: string, server: LocalServer, events: EventLog) {
    this.path = path;
    this.#server = server;
    this.#events = events;
  }

  /** At the path that the script knows already, or at a new one. */
  static async open(
    path: string | undefined,
    spec: MemberSpec,
    layout: Layout,
    context: MemberContext,
  ): Promise<MemberSocket> {
    const events = await EventLog.open(layout.log('events'));
    const server = new LocalServer({
      spec,
      events,
      sync: context.sync,
      clock: context.clock,
      log: context.log,
    });
    const at = path ?? socketPath(context.runtimeDir);
    try {
      await server.listen(at);
    } catch (thrown) {
      await events.close();
      throw thrown;
    }
    return new MemberSocket(at, server, events);
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
