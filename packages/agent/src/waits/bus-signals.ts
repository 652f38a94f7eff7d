/**
 * The signals of a D-Bus bus that fit a match rule, as mere wakes: what they say is asked otherwise.
 *
 *   → \0 AUTH EXTERNAL uid    ← OK …    → BEGIN, then method calls: Hello, those that are asked for, AddMatch    ← messages
 *
 * (Format: https://dbus.freedesktop.org/doc/dbus-specification.html. No answer is asked for, and none is read.)
 */
import { connect, type Socket } from 'node:net';

export interface MethodCall {
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly destination: string;
  /** Its one argument. */
  readonly argument?: string;
}

const BUS = {
  path: '/org/freedesktop/DBus',
  interface: 'org.freedesktop.DBus',
  destination: 'org.freedesktop.DBus',
} as const;

export interface BusOptions {
  /** The bus's Unix socket. */
  readonly socket: string;
  readonly uid: number;
  /** Asked once, before the rule is set. */
  readonly calls: readonly MethodCall[];
  readonly match: string;
  /** When it listens, and after each message. */
  readonly onWake: () => void;
  /** The connection is no more, or never was. */
  readonly onGone: () => void;
}

/** Until the returned function is called. */
export function onBusSignals(options: BusOptions): () => void {
  const socket = connect(options.socket);
  let greeted = '';
  let begun = false;
  let over = false;
  const end = () => {
    if (over) return;
    over = true;
    socket.destroy();
    options.onGone();
  };
  socket.on('connect', () =>
    socket.write(`\0AUTH EXTERNAL ${Buffer.from(String(options.uid)).toString('hex')}\r\n`),
  );
  socket.on('data', (chunk: Buffer) => {
    if (begun) {
      options.onWake();
      return;
    }
    greeted += chunk.toString('latin1');
    if (!greeted.includes('\r\n')) return;
    if (!greeted.startsWith('OK ')) {
      end();
      return;
    }
    begun = true;
    begin(socket, options);
    options.onWake();
  });
  socket.on('error', end);
  socket.on('close', end);
  return () => {
    over = true;
    socket.destroy();
  };
}

function begin(socket: Socket, { calls, match }: BusOptions): void {
  const all: MethodCall[] = [
    { ...BUS, member: 'Hello' },
    { ...BUS, member: 'AddMatch', argument: match },
    ...calls,
  ];
  socket.write('BEGIN\r\n');
  for (const [n, call] of all.entries()) socket.write(methodCall(call, n + 1));
}

/** The bytes of one method call that expects no answer. */
export function methodCall(call: MethodCall, serial: number): Buffer {
  const body = new Marshaller();
  if (call.argument !== undefined) body.string(call.argument);
  const fields = new Marshaller();
  fields.field(1, 'o', call.path);
  fields.field(2, 's', call.interface);
  fields.field(3, 's', call.member);
  fields.field(6, 's', call.destination);
  if (call.argument !== undefined) fields.field(8, 'g', 's');
  const start = new Marshaller();
  // Little-endian, a method call without an answer, version 1.
  start.bytes(0x6c, 1, 1, 1);
  start.uint32(body.length);
  start.uint32(serial);
  start.uint32(fields.length);
  start.append(fields.buffer);
  start.align(8);
  start.append(body.buffer);
  return start.buffer;
}

class Marshaller {
  #bytes: number[] = [];

  get length(): number {
    return this.#bytes.length;
  }

  get buffer(): Buffer {
    return Buffer.from(this.#bytes);
  }

  bytes(...bytes: number[]): void {
    this.#bytes.push(...bytes);
  }

  append(bytes: Buffer): void {
    this.#bytes.push(...bytes);
  }

  align(to: number): void {
    while (this.#bytes.length % to !== 0) this.#bytes.push(0);
  }

  uint32(value: number): void {
    this.align(4);
    this.bytes(value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, (value >>> 24) & 0xff);
  }

  string(text: string): void {
    const bytes = Buffer.from(text);
    this.uint32(bytes.length);
    this.append(bytes);
    this.bytes(0);
  }

  /** A header field: a struct of a code and a variant. The header before it has 16 bytes, so that 8 divides both alike. */
  field(code: number, type: 'o' | 's' | 'g', text: string): void {
    this.align(8);
    this.bytes(code, 1, type.charCodeAt(0), 0);
    if (type !== 'g') {
      this.string(text);
      return;
    }
    this.bytes(text.length, ...Buffer.from(text), 0);
  }
}
