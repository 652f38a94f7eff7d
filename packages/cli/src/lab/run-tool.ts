/**
 * Runs a short-lived tool to its end, with its input given, and says how it went. Never throws for a tool that fails or
 * cannot be started. In a session of its own: a terminal's Ctrl-C is for Tutti, which then ends things in its own order.
 */
import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { text } from 'node:stream/consumers';

export interface ToolResult {
  readonly ok: boolean;
  readonly stdout: string;
  /** What it said on stderr; if nothing, how it ended. */
  readonly complaint: string;
}

/** A command and its arguments. */
export type Argv = readonly [string, ...string[]];

export async function runTool(argv: Argv, input: string, signal: AbortSignal): Promise<ToolResult> {
  const [file, ...args] = argv;
  const child = spawn(file, args, { detached: true, stdio: 'pipe', signal, killSignal: 'SIGKILL' });
  const ended = new Promise<string | undefined>((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('close', (code, killer) =>
      resolve(code === 0 ? undefined : `${file} ended with ${killer ?? code}`),
    );
  });
  // A tool that ends before it has read everything says why on stderr; the broken pipe adds nothing.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const [failure, stdout, stderr] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  return { ok: failure === undefined, stdout, complaint: stderr.trim() || (failure ?? '') };
}

/** The absolute path of a command, also where a bare `PATH` (cron, su) lacks the directories of the administrator. */
export function findTool(name: string, path = process.env['PATH'] ?? ''): string | undefined {
  return [...path.split(':').filter((dir) => dir.startsWith('/')), '/usr/sbin', '/usr/bin', '/sbin', '/bin']
    .map((dir) => `${dir}/${name}`)
    .find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
