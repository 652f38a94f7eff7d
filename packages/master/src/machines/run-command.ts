/**
 * One command for a machine, run by the master: a line of shell in a process group of its own, its output in a file.
 *
 * Guarantees: it has ended when the promise resolves, and its group was killed if it had to be ended: because it took
 * longer than it may, or because the signal said so. Never rejects.
 */
import { spawn } from 'node:child_process';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Clock, makeDirectory } from '@tutti/link';

/** Between being asked to end and being made to. */
const KILL_AFTER_MS = 5000;
/** Of what it wrote, its end. */
const TAIL_BYTES = 4096;

export interface Order {
  /** A line of shell. */
  readonly run: string;
  readonly timeoutMs: number;
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Its output is added to this file. */
  readonly output: string;
}

export interface Outcome {
  readonly ok: boolean;
  /** What went wrong, in words that complete "its prepare …"; absent when nothing did. */
  readonly why?: string;
  /** The end of what it wrote. */
  readonly tail: string;
}

export async function runCommand(order: Order, clock: Clock, signal: AbortSignal): Promise<Outcome> {
  let file: FileHandle | undefined;
  try {
    await makeDirectory(dirname(order.output));
    file = await open(order.output, 'a+');
    const { size } = await file.stat();
    const why = await ended(order, file.fd, clock, signal);
    const tail = await tailOf(file, size);
    if (why === undefined) return { ok: true, tail };
    const last = tail.trimEnd().split('\n').at(-1)?.trim() ?? '';
    return { ok: false, why: last === '' ? why : `${why} (last line: ${JSON.stringify(last)})`, tail };
  } catch (error) {
    return { ok: false, why: `could not be run: ${(error as Error).message}`, tail: '' };
  } finally {
    await file?.close().catch(() => {});
  }
}

/** Why it did not end well; undefined: it did. */
function ended(
  { run, timeoutMs, folder, env }: Order,
  out: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (signal.aborted) return Promise.resolve('was not begun');
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const child = spawn('sh', ['-c', run], { cwd: folder, env, detached: true, stdio: ['ignore', out, out] });
  let ending: string | undefined;
  let cancelKill = () => {};
  const end = (why: string) => {
    if (ending !== undefined) return;
    ending = why;
    killGroup(child.pid, 'SIGTERM');
    cancelKill = clock.after(KILL_AFTER_MS, () => killGroup(child.pid, 'SIGKILL'));
  };
  const aborted = () => end('was called off');
  const cancelTimeout = clock.after(timeoutMs, () => end(`did not end within ${timeoutMs / 1000} s`));
  signal.addEventListener('abort', aborted, { once: true });
  const settle = (why: string | undefined) => {
    cancelTimeout();
    cancelKill();
    signal.removeEventListener('abort', aborted);
    // The shell may have gone, and what it started not.
    if (ending !== undefined) killGroup(child.pid, 'SIGKILL');
    resolve(ending ?? why);
  };
  child.on('error', (error) => settle(`could not be started: ${error.message}`));
  child.on('exit', (code, by) =>
    settle(code === 0 ? undefined : code === null ? `was killed by ${by}` : `ended with status ${code}`),
  );
  return promise;
}

function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // Nobody is left of it.
  }
}

async function tailOf(file: FileHandle, from: number): Promise<string> {
  const { size } = await file.stat();
  const start = Math.max(from, size - TAIL_BYTES);
  const { buffer, bytesRead } = await file.read(
    Buffer.alloc(Math.max(0, size - start)),
    0,
    size - start,
    start,
  );
  return buffer.toString('utf8', 0, bytesRead);
}
