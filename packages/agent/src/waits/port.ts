/**
 * Waits until a TCP port accepts. A port that begins to listen tells nobody: a refused connection can only be tried
 * again. So this polls, every 20 ms at first and never slower than every 200 ms.
 *
 * A name is looked up anew for each attempt, and all its addresses are tried at once; the first that accepts is enough.
 */
import { lookup } from 'node:dns/promises';
import { connect, isIP, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 200;
/** A machine that is just starting drops what comes too early; a new attempt gets through before a resent packet does. */
const ATTEMPT_MS = 1000;

/** Rejects with the reason of `signal` when it aborts. */
export async function untilAccepted(host: string, port: number, signal: AbortSignal): Promise<void> {
  // One that takes long is not asked for again beside itself.
  let looking: Promise<string[]> | undefined;
  const addresses = () => {
    looking ??= addressesOf(host).finally(() => {
      looking = undefined;
    });
    return looking;
  };
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 1.5, LONGEST_PAUSE_MS)) {
    signal.throwIfAborted();
    if (await attempt(addresses, port, signal)) return;
    await delay(pause, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}

/** One attempt on all addresses: true when one accepts. */
async function attempt(
  addresses: () => Promise<string[]>,
  port: number,
  signal: AbortSignal,
): Promise<boolean> {
  const sockets: Socket[] = [];
  const over = new AbortController();
  const late = AbortSignal.any([signal, over.signal, AbortSignal.timeout(ATTEMPT_MS)]);
  try {
    const tooLate = new Promise<never>((_, reject) => {
      late.addEventListener('abort', () => reject(new Error('no answer')));
    });
    tooLate.catch(() => undefined);
    const anyAccepts = addresses().then((all) =>
      Promise.any(all.map((address) => accepts(address, port, sockets))),
    );
    anyAccepts.catch(() => undefined);
    await Promise.race([anyAccepts, tooLate]);
    return true;
  } catch {
    return false;
  } finally {
    over.abort();
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
  // Whatever /etc/hosts leaves out.
  if (host === 'localhost') return ['127.0.0.1', '::1'];
  return (await lookup(host, { all: true })).map(({ address }) => address);
}
