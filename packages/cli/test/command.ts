/** The command as a process, from its sources or as it is installed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

const cli = join(import.meta.dirname, '..');

export const SOURCES = [process.execPath, join(cli, 'src/main.ts')];
/** Needs the build in dist/. */
export const INSTALLED = [join(cli, 'bin/tutti')];

export interface Outcome {
  status: number | null;
  stdout: string;
  stderr: string;
}

export function temporaryDirectory(): string {
  const dir = mkdtempSync(join(tmpdir(), 'tutti-cli-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

export class Command {
  readonly child: ChildProcess;
  readonly ended: Promise<Outcome>;
  stdout = '';
  stderr = '';

  /** Without `stdio` all of it is kept, and there is nothing on stdin. */
  constructor(
    argv: readonly string[],
    { cwd = temporaryDirectory(), stdio = ['ignore', 'pipe', 'pipe'] as ('ignore' | 'pipe' | number)[] } = {},
  ) {
    const [file = '', ...args] = argv;
    const env = { PATH: process.env['PATH'], HOME: cwd, TUTTI_STATE: join(cwd, 'state'), TMPDIR: tmpdir() };
    this.child = spawn(file, args, { cwd, env, stdio });
    this.child.stdout?.on('data', (text: Buffer) => (this.stdout += text.toString()));
    this.child.stderr?.on('data', (text: Buffer) => (this.stderr += text.toString()));
    this.ended = once(this.child, 'close').then(([status]: (number | null)[]) => ({
      status: status ?? null,
      stdout: this.stdout,
      stderr: this.stderr,
    }));
    onTestFinished(async () => {
      this.child.kill('SIGKILL');
      await this.ended;
    });
  }
}

export function run(argv: readonly string[], cwd?: string): Promise<Outcome> {
  return new Command(argv, cwd === undefined ? {} : { cwd }).ended;
}
