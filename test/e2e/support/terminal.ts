/**
 * A real terminal (tmux): keys are typed into it, and its screen is read. Waiting for the screen is by the terminal's own word that
 * something has been written, never by looking again after a while.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { onTestFinished } from 'vitest';
import { repository } from './command.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const run = promisify(execFile);

export interface TerminalOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly columns?: number;
  readonly rows?: number;
}

/** Less than a test has, so that its failure shows the screen. */
const TIMEOUT_MS = 10_000;

/** `tutti ARGS` in a terminal of its own. */
export async function openTerminal(
  args: readonly string[],
  options: TerminalOptions = {},
): Promise<Terminal> {
  const cwd = options.cwd ?? (await temporaryDirectory());
  const home = await temporaryDirectory();
  const { columns = 100, rows = 40 } = options;
  const socket = join(home, 't');
  const environment = Object.entries({ NO_COLOR: '1', XDG_STATE_HOME: join(home, 'state'), ...options.env });
  const command = [join(repository, 'packages/cli/bin/tutti'), ...args];
  const shown = [
    'env',
    ...['-u', 'TUTTI_MASTER', '-u', 'TUTTI_TOKEN'],
    ...environment.map(([name, value]) => `${name}=${value}`),
    ...command,
  ].map(quoted);
  const terminal = new Terminal(socket);
  onTestFinished(() => terminal.close());
  // It stays when the command has ended, so that its last words can be read.
  await terminal.tmux(
    ...['-f', '/dev/null', 'new-session', '-d', '-s', 'it', '-x', String(columns), '-y', String(rows)],
    ...['-c', cwd, `${shown.join(' ')}; echo "ended $?"; exec cat`],
  );
  await terminal.attach();
  return terminal;
}

export class Terminal {
  readonly #socket: string;
  #control: ChildProcess | undefined;
  readonly #written = new Set<() => void>();

  constructor(socket: string) {
    this.#socket = socket;
  }

  async tmux(...args: readonly string[]): Promise<string> {
    return (await run('tmux', ['-S', this.#socket, ...args])).stdout;
  }

  /** From now on it is heard when something has been written. */
  async attach(): Promise<void> {
    const control = spawn('tmux', ['-S', this.#socket, '-C', 'attach', '-t', 'it'], { stdio: 'pipe' });
    this.#control = control;
    const attached = Promise.withResolvers<void>();
    createInterface({ input: control.stdout }).on('line', (line) => {
      if (line.startsWith('%session-changed') || line.startsWith('%end')) attached.resolve();
      if (line.startsWith('%output')) for (const told of this.#written) told();
    });
    control.on('error', attached.reject);
    await attached.promise;
  }

  /** Text as it is, and keys by name: `Enter`, `Tab`, `C-c`. */
  async type(text: string, ...keys: readonly string[]): Promise<void> {
    if (text !== '') await this.tmux('send-keys', '-t', 'it', '-l', text);
    if (keys.length > 0) await this.tmux('send-keys', '-t', 'it', ...keys);
  }

  /** A line, and Enter. */
  async enter(line: string): Promise<void> {
    await this.type(line, 'Enter');
  }

  /** What can be read, without the empty rest. */
  async screen(): Promise<string> {
    return (await this.tmux('capture-pane', '-p', '-J', '-t', 'it')).trimEnd();
  }

  /** Resolves with the screen as soon as it matches. */
  async waitFor(pattern: RegExp, timeout = TIMEOUT_MS): Promise<string> {
    let wake = Promise.withResolvers<'written' | 'late'>();
    const told = () => wake.resolve('written');
    const timer = setTimeout(() => wake.resolve('late'), timeout);
    this.#written.add(told);
    try {
      for (;;) {
        const screen = await this.screen();
        if (pattern.test(screen)) return screen;
        if ((await wake.promise) === 'late')
          throw new Error(`${pattern} is not on the screen within ${timeout} ms:\n${await this.screen()}`);
        wake = Promise.withResolvers();
      }
    } finally {
      clearTimeout(timer);
      this.#written.delete(told);
    }
  }

  async close(): Promise<void> {
    this.#control?.kill();
    await this.tmux('kill-server').catch(() => {});
  }
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
