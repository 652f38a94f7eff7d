/** Starts what a terminal runs: with pipes, or on a pty that a process of its own holds. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { type ProcessId, readStat } from '@tutti/link';
import { type Exit, type ScreenSize, TuttiError } from '@tutti/protocol';
import type { FromHost, ToHost } from './host-messages.ts';
import type { Output } from './output-buffer.ts';

export interface StartOptions {
  /** The terminal's directory: by it people see whose a process is. */
  readonly dir: string;
  readonly words: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly shell: { readonly file: string; readonly args: readonly string[] };
  /** Which it joins; undefined: none. */
  readonly cgroup: string | undefined;
  readonly screen: ScreenSize | undefined;
  /** For messages. */
  readonly node: string;
}

export interface Started {
  readonly input: Writable;
  readonly outputs: readonly (readonly [Output, Readable])[];
  /** Of its first process alone; never rejects. */
  readonly exited: Promise<Exit>;
  /** Its first process. */
  readonly leader: ProcessId | undefined;
  resize(size: ScreenSize): void;
  /** Nothing is left that could write: the outputs end when all is read. */
  finish(): void;
  /** Nobody reads on. */
  abandon(): void;
}

/** Joins the cgroup, and is then what was asked for. What it is told by has no names: they could be somebody's variables. */
const JOIN = 'if [ -n "$1" ]; then { echo 0 >"$1"; } 2>/dev/null; fi; shift; exec 3>&-; umask 022; exec "$@"';

/** Rejects with `NO_TERMINAL` where there can be none, and with what the system says. */
export async function start(options: StartOptions): Promise<Started> {
  const { shell, cgroup, words, screen } = options;
  const procs = cgroup === undefined ? '' : join(cgroup, 'cgroup.procs');
  const all = [shell.file, ...shell.args, '-c', JOIN, 'tutti', procs, ...words];
  return screen === undefined ? withPipes(all, options) : onScreen(all, screen, options);
}

async function withPipes([file = '', ...args]: readonly string[], options: StartOptions): Promise<Started> {
  const { cwd, env } = options;
  // In a session of its own, as its whole tree is ended by that.
  const child = spawn(file, args, { cwd, env: { ...env }, stdio: 'pipe', detached: true });
  await spawned(child);
  const { stdin, stdout, stderr, pid = 0 } = child;
  return {
    input: stdin,
    outputs: [
      ['stdout', stdout],
      ['stderr', stderr],
    ],
    exited: exitOf(child),
    leader: readStat(pid),
    resize: () => {},
    finish: () => {},
    abandon: () => {
      for (const stream of [stdin, stdout, stderr]) stream.destroy();
    },
  };
}

async function onScreen(
  words: readonly string[],
  screen: ScreenSize,
  options: StartOptions,
): Promise<Started> {
  const { dir, cwd, env, node } = options;
  const host = spawn(process.execPath, [hostFile(), dir], {
    ...{ cwd: '/', env: {}, detached: true },
    stdio: ['pipe', 'pipe', 'ignore', 'ipc'],
  });
  await spawned(host);
  const said = hearing(host, node);
  const send = (message: ToHost): void => {
    if (host.connected) host.send(message, () => {});
  };
  const { columns, rows } = screen;
  send({ is: 'start', words, env, cwd, columns, rows });
  const pid = await said.started;
  return {
    input: host.stdin as Writable,
    outputs: [['stdout', host.stdout as Readable]],
    exited: said.exited,
    leader: readStat(pid),
    resize: (size) => send({ is: 'resize', ...size }),
    finish: () => send({ is: 'finish' }),
    // Its end is that of the line.
    abandon: () => void host.kill('SIGKILL'),
  };
}

function hearing(host: ChildProcess, node: string): { started: Promise<number>; exited: Promise<Exit> } {
  const started = Promise.withResolvers<number>();
  const exited = Promise.withResolvers<Exit>();
  host.on('message', (message: FromHost) => {
    if (message.is === 'started') started.resolve(message.pid);
    if (message.is === 'failed') started.reject(new TuttiError('NO_TERMINAL', `${node}: ${message.message}`));
    if (message.is === 'exited') {
      const { code, signal } = message;
      exited.resolve(
        signal === undefined ? { how: 'exited', code: (code ?? 0) & 255 } : { how: 'signalled', signal },
      );
    }
  });
  host.on('exit', (code, signal) => {
    const how = signal ?? `status ${code}`;
    started.reject(
      new TuttiError('NO_TERMINAL', `${node}: what holds the terminal ended at once, with ${how}`),
    );
    exited.resolve({ how: 'killed' });
  });
  host.on('error', () => {});
  return { started: started.promise, exited: exited.promise };
}

async function spawned(child: ChildProcess): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  child.once('spawn', resolve);
  child.once('error', reject);
  // What is typed after its end is lost, as on any terminal.
  child.stdin?.on('error', () => {});
  await promise;
}

function exitOf(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) =>
      resolve(signal === null ? { how: 'exited', code: code ?? 0 } : { how: 'signalled', signal }),
    );
  });
}

/** Beside the bundle, or beside this file. */
function hostFile(): string {
  const built = join(import.meta.dirname, 'pty-host.js');
  return existsSync(built) ? built : join(import.meta.dirname, 'pty-host.ts');
}
