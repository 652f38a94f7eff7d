/** A master on a real Unix socket that does what a test says; its sessions are of the link package. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Handlers, Session, type StreamAcceptor, type Transport } from '@tutti/link';
import type { RunHead, TestView } from '@tutti/protocol';
import { eventually, FakeClock, refuseStreams, stubHandlers, TestDoor } from '@tutti/testkit';
import { onTestFinished } from 'vitest';
import { MasterClient, type MasterClientOptions } from '../src/master-client.ts';

export type ClientSession = Session<'master→client', 'client→master'>;
type ClientHandlers = Handlers<'client→master'>;

export const TOKEN = 'open-sesame';
export const ID = '0123456789abcdef0123456789abcdef';
const HELLO = { master: ID, software: 'a fake' };

export class FakeMaster {
  readonly dir: string;
  /** In the order in which they came; the newest is the last. */
  readonly sessions: ClientSession[] = [];
  /** The names of the calls that came, `client.hello` apart. */
  readonly calls: string[] = [];
  handlers: Partial<ClientHandlers> = {};
  accept: StreamAcceptor = refuseStreams;
  /** Called for each session before it is greeted. */
  onSession: (session: ClientSession) => void = () => {};
  #door!: TestDoor;

  private constructor(dir: string) {
    this.dir = dir;
  }

  static async open(dir = temporaryDirectory()): Promise<FakeMaster> {
    const master = new FakeMaster(dir);
    master.#door = await TestDoor.open(join(dir, 'm.sock'), TOKEN, (transport) => master.#serve(transport));
    onTestFinished(() => master.close());
    return master;
  }

  get address(): string {
    return this.#door.address;
  }

  /** The newest session. */
  get session(): ClientSession {
    const session = this.sessions.at(-1);
    if (session === undefined) throw new Error('nobody has connected');
    return session;
  }

  /** The connections are reset: neither side has said goodbye. */
  cut(): void {
    this.#door.cut();
  }

  count(call: string): number {
    return this.calls.filter((name) => name === call).length;
  }

  async close(): Promise<void> {
    await this.#door.close();
  }

  #serve(transport: Transport): void {
    const session: ClientSession = new Session({
      transport,
      sends: 'master→client',
      receives: 'client→master',
      handlers: this.#total(),
      events: {},
      accept: (target) => this.accept(target),
      clock: new FakeClock(),
      opening: 'client.hello',
    });
    this.sessions.push(session);
    this.onSession(session);
  }

  /** Looked up at each call, so that a test can change its mind. */
  #total(): ClientHandlers {
    const stubs = stubHandlers('client→master');
    const names = Object.keys(stubs) as (keyof ClientHandlers)[];
    const entries = names.map((name) => [
      name,
      (params: never, context: never) => {
        if (name !== 'client.hello') this.calls.push(name);
        const handler = this.handlers[name] as ((...args: never[]) => unknown) | undefined;
        if (handler === undefined && name === 'client.hello') return HELLO;
        return (handler ?? stubs[name])(params, context);
      },
    ]);
    return Object.fromEntries(entries) as ClientHandlers;
  }
}

export function temporaryDirectory(): string {
  const dir = mkdtempSync(join(tmpdir(), 'tutti-client-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

export interface TestClient {
  client: MasterClient;
  clock: FakeClock;
  /** Lets the time pass that the client waits before it dials again, until the master has the n-th session. */
  sessions: (n: number) => Promise<ClientSession>;
}

export async function connect(
  master: FakeMaster,
  options: Partial<MasterClientOptions> = {},
): Promise<TestClient> {
  const clock = new FakeClock();
  const { address } = master;
  const client = await MasterClient.connect({
    address,
    token: () => TOKEN,
    software: 'a test',
    clock,
    ...options,
  });
  onTestFinished(() => client.close());
  const sessions = (n: number) =>
    eventually(() => {
      if (client.debugState().link === 'waiting') clock.advance(5000);
      return (client.debugState().link === 'open' && master.sessions[n - 1]) || false;
    }) as Promise<ClientSession>;
  return { client, clock, sessions };
}

export function head(more: Partial<RunHead> = {}): RunHead {
  return { run: 7, id: ID, suite: 'traffic', phase: 'running', dir: '/runs/7-traffic', size: 1, ...more };
}

export function testView(more: Partial<TestView> = {}): TestView {
  return { name: 'throughput', state: 'running', members: [], size: 2, ...more };
}
