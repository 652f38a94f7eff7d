/**
 * An agent's local socket under a test's control: it hands out each connection with the request that came on it, and
 * answers nothing by itself.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface SeenRequest {
  id: string;
  call: string;
  args: Record<string, unknown>;
}

/** One connection of a caller. */
export class Connection {
  readonly request: Promise<SeenRequest>;
  /** All text that came, to the last byte. */
  received = '';
  readonly closed: Promise<void>;
  /** Off: acknowledgements stay unanswered. */
  acknowledges = true;
  readonly #socket: Socket;
  #read = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('error', () => {}); // a killed caller
    this.closed = new Promise((resolve) => socket.on('close', () => resolve()));
    this.request = new Promise((resolve, reject) => {
      socket.setEncoding('utf8');
      socket.on('data', (chunk: string) => {
        this.received += chunk;
        const end = this.received.indexOf('\n');
        if (end !== -1) resolve(JSON.parse(this.received.slice(0, end)) as SeenRequest);
        this.#readOn();
      });
      socket.on('close', () => reject(new Error('the caller left before it had sent a request')));
    });
    this.request.catch(() => {}); // for who never asks
  }

  /** All requests that came. */
  get requests(): SeenRequest[] {
    const lines = this.received.split('\n').slice(0, -1);
    return lines.map((line) => JSON.parse(line) as SeenRequest);
  }

  #readOn(): void {
    for (const { id, call } of this.requests.slice(this.#read)) {
      this.#read += 1;
      if (call === 'ack' && this.acknowledges) this.write(`${JSON.stringify({ id, result: {} })}\n`);
    }
  }

  async answer(result: unknown): Promise<void> {
    const { id } = await this.request;
    this.write(`${JSON.stringify({ id, result })}\n`);
  }

  async refuse(code: string, message: string): Promise<void> {
    const { id } = await this.request;
    this.write(`${JSON.stringify({ id, error: { code, message } })}\n`);
  }

  write(bytes: string | Buffer): void {
    this.#socket.write(bytes);
  }

  /** One byte at a time, each in a write of its own and in a later turn of the event loop. */
  async dribble(bytes: Buffer): Promise<void> {
    for (const byte of bytes) {
      await new Promise<void>((resolve) => this.#socket.write(Buffer.of(byte), () => setImmediate(resolve)));
    }
  }

  drop(): void {
    this.#socket.destroy();
  }
}

export class FakeAgent {
  readonly path: string;
  /** How many connections there have been. */
  count = 0;
  readonly #folder = mkdtempSync(join(tmpdir(), 'tutti-sdk-'));
  readonly #open = new Set<Connection>();
  readonly #waiting: ((connection: Connection) => void)[] = [];
  readonly #untaken: Connection[] = [];
  #server: Server | undefined;

  constructor() {
    this.path = join(this.#folder, 'agent.sock');
  }

  async listen(): Promise<this> {
    const server = createServer((socket) => this.#welcome(new Connection(socket)));
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(this.path, resolve));
    return this;
  }

  /** The next connection that nobody has been given yet. */
  next(): Promise<Connection> {
    const ready = this.#untaken.shift();
    if (ready !== undefined) return Promise.resolve(ready);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  get connections(): number {
    return this.#open.size;
  }

  /** As a killed agent does: all connections drop, and nobody listens. */
  async die(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    const gone = new Promise<void>((resolve) => (server ? server.close(() => resolve()) : resolve()));
    for (const connection of this.#open) connection.drop();
    await gone;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.die();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #welcome(connection: Connection): void {
    this.count += 1;
    this.#open.add(connection);
    void connection.closed.then(() => this.#open.delete(connection));
    const waiting = this.#waiting.shift();
    if (waiting) waiting(connection);
    else this.#untaken.push(connection);
  }
}
