/**
 * A process of its own for each terminal: it holds the pty, so that the agent neither loads native code nor has descriptors that
 * members would inherit. Its stdin is what is typed, its stdout what appears, and by its channel it is told what to start.
 *
 * Guarantees: all that was written appears, however slowly it is read; when the agent is gone the terminal hangs up at once,
 * as a line does that is cut. What ignores that is ended by the next agent.
 */
import { closeSync, constants, openSync, write } from 'node:fs';
import { createRequire } from 'node:module';
import { constants as system } from 'node:os';
import { ReadStream } from 'node:tty';
import { promisify } from 'node:util';
import type { FromHost, ToHost } from './host-messages.ts';

/** The native part of node-pty: its JavaScript drops what has not been read 200 ms after the end. */
interface Native {
  fork(
    file: string,
    args: readonly string[],
    environment: readonly string[],
    cwd: string,
    columns: number,
    rows: number,
    uid: number,
    gid: number,
    utf8: boolean,
    helper: string,
    onExit: (code: number, signal: number) => void,
  ): { fd: number; pid: number; pty: string };
  resize(fd: number, columns: number, rows: number): void;
}

/** -1: the user that it has. */
const SAME_USER = -1;
/** A terminal whose command does not read takes no more for the moment; the kernel tells nobody when it does again. */
const FIRST_PAUSE_MS = 5;
const LAST_PAUSE_MS = 100;

const writeSome = promisify(write);

function tell(message: FromHost): void {
  process.send?.(message);
}

function begin({ words, env, cwd, columns, rows }: Extract<ToHost, { is: 'start' }>): void {
  let native: Native;
  try {
    const { requireBinary } = createRequire(import.meta.url)('@lydell/node-pty/requireBinary.js') as {
      requireBinary: (file: string) => Native;
    };
    native = requireBinary('pty.node');
  } catch (thrown) {
    const [line] = (thrown as Error).message.split('\n');
    tell({
      is: 'failed',
      message: `terminals need the package @lydell/node-pty, which cannot be loaded: ${line}`,
    });
    process.disconnect?.();
    return;
  }
  const [file = '', ...args] = words;
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const onExit = (code: number, signal: number) =>
    tell({ is: 'exited', ...(signal === 0 ? { code } : { signal: signalName(signal) }) });
  const user = [SAME_USER, SAME_USER] as const;
  const { fd, pid, pty } = native.fork(file, args, variables, cwd, columns, rows, ...user, true, '', onExit);
  // While somebody has the other end open, all that was written can be read.
  let other: number | undefined = openSync(pty, constants.O_RDWR | constants.O_NOCTTY);
  tell({ is: 'started', pid });
  const screen = new ReadStream(fd);
  // How the kernel says that nobody has the other end open any more.
  screen.on('error', () => process.stdout.end());
  screen.on('end', () => process.stdout.end());
  screen.pipe(process.stdout, { end: false });
  process.stdout.on('finish', () => process.exit(0));
  process.stdout.on('error', () => process.exit(0));
  process.on('message', (message: ToHost) => {
    if (message.is === 'resize') native.resize(fd, message.columns, message.rows);
    if (message.is === 'finish' && other !== undefined) {
      closeSync(other);
      other = undefined;
    }
  });
  process.on('disconnect', () => {
    hangUp(pid);
    process.exit(0);
  });
  void typeInto(fd);
}

async function typeInto(fd: number): Promise<void> {
  try {
    for await (const bytes of process.stdin) await writeAll(fd, bytes as Buffer);
  } catch {
    // The terminal is gone; nobody reads what is typed.
  }
}

async function writeAll(fd: number, bytes: Buffer): Promise<void> {
  let pause = FIRST_PAUSE_MS;
  for (let at = 0; at < bytes.byteLength; ) {
    try {
      at += (await writeSome(fd, bytes, at, bytes.byteLength - at)).bytesWritten;
      pause = FIRST_PAUSE_MS;
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== 'EAGAIN') throw thrown;
      await new Promise((resolve) => setTimeout(resolve, pause));
      pause = Math.min(2 * pause, LAST_PAUSE_MS);
    }
  }
}

function hangUp(pid: number): void {
  for (const signal of ['SIGHUP', 'SIGCONT'] as const) {
    try {
      process.kill(-pid, signal);
    } catch {
      // It is gone.
    }
  }
}

function signalName(number: number): string {
  return Object.entries(system.signals).find(([, value]) => value === number)?.[0] ?? `SIG${number}`;
}

process.once('message', (message: ToHost) => {
  if (message.is === 'start') begin(message);
});
// Ends with its agent also where it has not been told what to start.
process.on('disconnect', () => process.exit(0));
