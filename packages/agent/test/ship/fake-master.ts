/** A master on a real Unix socket, to which a whole agent connects; it keeps what it is sent in memory. */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { type Handlers, Session, systemClock, type Transport } from '@tutti/link';
import type { Blob, CallParams, MemberOrder, MemberSpec } from '@tutti/protocol';
import { eventually, MemorySource, stubHandlers, TestDoor } from '@tutti/testkit';
import { onTestFinished } from 'vitest';
import { MasterCopies } from './member-on-disk.ts';

export const TOKEN = 'open-sesame';
export const MASTER = 'abcdefabcdefabcdefabcdefabcdefab';

type AgentSession = Session<'master→agent', 'agent→master'>;

export class FakeMaster {
  readonly copies = new MasterCopies();
  readonly hellos: CallParams<'hello'>[] = [];
  /** In the order in which they were welcomed. */
  readonly sessions: AgentSession[] = [];
  /** Members that the next welcome gives up. */
  giveUp: string[] = [];
  handlers: Partial<Handlers<'agent→master'>> = {};
  #door!: TestDoor;

  static async open(dir: string): Promise<FakeMaster> {
    const master = new FakeMaster();
    master.#door = await TestDoor.open(join(dir, 'm.sock'), TOKEN, (transport) => master.#serve(transport));
    onTestFinished(() => master.#door.close());
    return master;
  }

  get address(): string {
    return this.#door.address;
  }

  /** The n-th session, once it is welcomed. */
  session(n = 1): Promise<AgentSession> {
    return eventually(() => this.sessions[n - 1] ?? false) as Promise<AgentSession>;
  }

  cut(): void {
    this.#door.cut();
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

  #serve(transport: Transport): void {
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
