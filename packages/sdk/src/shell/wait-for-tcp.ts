/**
 * Waits until a TCP port accepts. A port that begins to listen tells nobody: a refused connection can only be tried
 * again. So this polls, every 20 ms at first and never slower than every 200 ms.
 *
 * A name is looked up anew for each attempt, and all its addresses are tried at once; the first that accepts is enough.
 */
import { connect, isIP, type Socket } from 'node:net';
import { TuttiError } from '../errors.ts';
import { usageError } from './verb.ts';

const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 200;
/** A machine that is just starting drops what comes too early; a new attempt gets through before a resent packet does. */
const ATTEMPT_MS = 1000;

export interface Endpoint {
  host: string;
  port: number;
}

/** @throws TuttiError USAGE */
export function parseEndpoint(text: string): Endpoint {
  const [, bracketed, plain, digits] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d+)$/.exec(text) ?? [];
  const port = Number(digits);
  const host = bracketed ?? plain;
  if (
    host === undefined ||
    !(port >= 1 && port <= 65_535) ||
    (bracketed !== undefined && isIP(bracketed) !== 6)
  ) {
    throw usageError(`wait-for tcp: "${text}" is not HOST:PORT (an IPv6 address in brackets: [::1]:80)`);
  }
  return { host, port };
}

/** @throws TuttiError TIMED_OUT, with what the last attempt met */
export async function waitForTcp({ host, port }: Endpoint, seconds: number): Promise<void> {
  const end = performance.now() + seconds * 1000;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 1.5, LONGEST_PAUSE_MS)) {
    const problem = await attempt(host, port, Math.min(Math.max(end - performance.now(), pause), ATTEMPT_MS));
    if (problem === undefined) return;
    const left = end - performance.now();
    if (left <= 0) {
      throw new TuttiError(
        'TIMED_OUT',
        `wait-for tcp ${host}:${port}: not accepting after ${seconds} s (last: ${problem})`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, Math.min(pause, left)));
  }
}

/** One attempt on all addresses: undefined when one accepts, else what the attempt met. */
async function attempt(host: string, port: number, ms: number): Promise<string | undefined> {
  const sockets: Socket[] = [];
  let limit: NodeJS.Timeout | undefined;
  try {
    const tooSlow = new Promise<never>((_, reject) => {
      limit = setTimeout(() => reject(new Error('no answer')), ms);
    });
    const anyAccepts = addressesOf(host).then((all) =>
      Promise.any(all.map((address) => accepts(address, port, sockets))),
    );
    await Promise.race([anyAccepts, tooSlow]);
    return undefined;
  } catch (error) {
    const first = error instanceof AggregateError ? (error.errors[0] as Error) : (error as Error);
    return first.message;
  } finally {
    clearTimeout(limit);
    for (const socket of sockets) socket.destroy();
  }
}

function accepts(host: string, port: number, sockets: Socket[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    sockets.push(socket);
    socket.on('error', reject);
    socket.on('connect', () => {
      // Who knocks long enough at a free port of his own machine may be given that very port, and meets himself.
      const self = socket.localPort === socket.remotePort && socket.localAddress === socket.remoteAddress;
      if (self) reject(new Error('connected to itself'));
      else resolve();
    });
  });
}

async function addressesOf(host: string): Promise<string[]> {
  if (isIP(host) !== 0) return [host];
  if (host === 'localhost') return ['127.0.0.1', '::1']; // whatever /etc/hosts leaves out
  const { lookup } = await import('node:dns/promises');
  return (await lookup(host, { all: true })).map(({ address }) => address);
}
