/** A local server with a master that a test plays, and callers that speak to it line by line. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { TuttiError } from '@tutti/protocol';
import { onTestFinished } from 'vitest';
import { Masks } from '../../src/secrets/masks.ts';
import { EventLog } from '../../src/socket/event-log.ts';
import { LocalServer } from '../../src/socket/local-server.ts';
import type { MachineVerbs, SyncRequest } from '../../src/socket/verbs.ts';
import { inline } from '../members/lab.ts';

/** One call that has reached the master. */
export interface Asked extends SyncRequest {
  readonly verb: string;
  readonly signal: AbortSignal;
  answer(result: unknown): void;
  fail(error: TuttiError): void;
}

export class SocketLab {
  readonly dir = mkdtempSync(join(tmpdir(), 'tutti-socket-'));
  readonly path = join(this.dir, 'a.sock');
  readonly asked: Asked[] = [];
  readonly complaints: string[] = [];
  now = 1000;
  machine: MachineVerbs = {
    reboot: () => Promise.reject(new Error('nothing reboots here')),
    rebootOther: () => Promise.reject(new Error('nothing reboots here')),
    extend: () => Promise.reject(new Error('no time here')),
    drive: () => Promise.reject(new Error('no other machine here')),
  };
  server!: LocalServer;
  events!: EventLog;

  /** `deaf`: the master does not notice withdrawals. */
  async open(connections?: number, { deaf = false } = {}): Promise<this> {
    this.events = await EventLog.open(this.#eventsPath());
    const complain = (_about: object, message: string): void => void this.complaints.push(message);
    this.server = new LocalServer({
      spec: inline('x'),
      events: this.events,
      masks: new Masks(['a secret word']),
      clock: { monotonicMs: () => this.now },
      log: { debug: () => undefined, info: () => undefined, warn: complain, error: complain },
      machine: this.machine,
      ...(connections === undefined ? {} : { connections }),
      sync: (verb, request, signal) =>
        new Promise((resolve, reject) => {
          if (!deaf)
            signal.addEventListener('abort', () =>
              reject(new TuttiError('CANCELLED', 'the caller has gone')),
            );
          this.asked.push({ ...request, verb, signal, answer: resolve, fail: reject });
        }),
    });
    await this.server.listen(this.path);
    onTestFinished(async () => {
      await this.server.close();
      await this.events.close();
      rmSync(this.dir, { recursive: true, force: true });
    });
    return this;
  }

  #eventsPath(): string {
    return join(this.dir, 'events.0');
  }

  async caller(): Promise<Caller> {
    const socket = connect(this.path);
    onTestFinished(() => void socket.destroy());
    await once(socket, 'connect');
    return new Caller(socket);
  }
}

export class Caller {
  readonly socket: Socket;
  readonly #lines: AsyncIterator<string>;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('error', () => undefined);
    this.#lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  }

  send(id: string, call: string, args: object = {}): void {
    this.socket.write(`${JSON.stringify({ id, call, args })}\n`);
  }

  /** The next answer; undefined when the connection is closed instead. */
  async next(): Promise<Record<string, unknown> | undefined> {
    const line: IteratorResult<string, unknown> = await this.#lines.next();
    return line.done === true ? undefined : (JSON.parse(line.value) as Record<string, unknown>);
  }

  async ask(id: string, call: string, args: object = {}): Promise<Record<string, unknown> | undefined> {
    this.send(id, call, args);
    return this.next();
  }
}
