/** A master on a real Unix socket, to which a whole agent connects; it keeps what it is sent in memory. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { type Handlers, Session, systemClock, Upgrader } from '@tutti/link';
import type { Blob, CallParams, MemberOrder, MemberSpec } from '@tutti/protocol';
import { eventually, MemorySource, stubHandlers } from '@tutti/testkit';
import { onTestFinished } from 'vitest';
import { MasterCopies } from './member-on-disk.ts';

export const TOKEN = 'open-sesame';
export const MASTER = 'abcdefabcdefabcdefabcdefabcdefab';

type AgentSession = Session<'master→agent', 'agent→master'>;

export class FakeMaster {
  readonly address: string;
  readonly copies = new MasterCopies();
  readonly hellos: CallParams<'hello'>[] = [];
  /** In the order in which they were welcomed. */
  readonly sessions: AgentSession[] = [];
  /** Members that the next welcome gives up. */
  giveUp: string[] = [];
  handlers: Partial<Handlers<'agent→master'>> = {};
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(address: string, server: Server) {
    this.address = address;
    this.#server = server;
    const upgrader = new Upgrader(TOKEN);
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    server.on('upgrade', (request, socket, early) => {
      upgrader.upgrade(request, socket as Socket, early, (transport) => {
        const session: AgentSession = new Session({
          transport,
          sends: 'master→agent',
          receives: 'agent→master',
          handlers: stubHandlers('agent→master', {
            hello: (params) => {
              this.hellos.push(params);
              // After the welcome has been sent.
              setImmediate(() => this.sessions.push(session));
              return { master: MASTER, software: 'a fake', giveUp: this.giveUp };
            },
            'member.ended': (params) => {
              this.copies.ended.push(params);
              return {};
            },
            'member.collected': (params) => {
              this.copies.collected.push(params);
              return {};
            },
            ...this.handlers,
          }),
          events: {},
          accept: (target) => this.copies.accept(target),
          clock: systemClock,
          opening: 'hello',
        });
      });
    });
  }

  static async open(dir: string): Promise<FakeMaster> {
    const server = createServer();
    const path = join(dir, 'm.sock');
    server.listen(path);
    await once(server, 'listening');
    const master = new FakeMaster(`unix:${path}`, server);
    onTestFinished(() => master.#close());
    return master;
  }

  /** The n-th session, once it is welcomed. */
  session(n = 1): Promise<AgentSession> {
    return eventually(() => this.sessions[n - 1] ?? false) as Promise<AgentSession>;
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** The order for a member, its documents staged as a master stages them. */
  async order(session: AgentSession, spec: MemberSpec): Promise<MemberOrder> {
    const { topology, files, ...rest } = spec;
    return {
      ...rest,
      topology: await stage(session, JSON.stringify(topology)),
      files: await stage(session, JSON.stringify(files)),
    };
  }

  async #close(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

/** Sends a content to the agent, if it lacks it. */
export async function stage(session: AgentSession, text: string): Promise<Blob> {
  const bytes = Buffer.from(text);
  const blob = { digest: createHash('sha256').update(bytes).digest('hex'), size: bytes.byteLength };
  const { missing } = await session.call('blob.missing', { blobs: [blob] });
  if (missing.length > 0) {
    const stream = await session.openStream({ to: 'blob', ...blob }, new MemorySource(bytes));
    await stream.finish(blob.size);
  }
  return blob;
}
