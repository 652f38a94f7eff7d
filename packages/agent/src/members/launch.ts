/**
 * Starts the wrapper, in a session of its own, with the write ends of both life lines in its hands and nothing else of the
 * agent's: neither environment nor output.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { LifeLine } from '../system/fifo.ts';
import type { MemberContext } from './context.ts';
import type { Layout } from './layout.ts';
import type { StartRecord } from './start-record.ts';

/** What tells how far a member has got, whoever started it. */
export class LifeLines {
  /** Gone when the wrapper is. */
  readonly alive: LifeLine;
  /** Gone when all output is in the files. */
  readonly drained: LifeLine;

  constructor(layout: Layout) {
    this.alive = new LifeLine(layout.alive);
    this.drained = new LifeLine(layout.drained);
  }

  close(): void {
    this.alive.close();
    this.drained.close();
  }
}

/** Resolves when the wrapper runs; rejects when the system does not let it. */
export async function launch(
  layout: Layout,
  lines: LifeLines,
  record: StartRecord,
  command: readonly string[],
  environment: Record<string, string>,
  shell: MemberContext['shell'],
  /** An open descriptor that becomes its stdin; without one there is nothing to read. */
  stdin?: number,
): Promise<void> {
  const procs = record.cgroup === undefined ? '' : `${record.cgroup}/cgroup.procs`;
  const held = [lines.alive.openWriteEnd(), lines.drained.openWriteEnd()];
  try {
    const words = [layout.wrapper, String(layout.n), procs, record.boot, ...command];
    const child = spawn(shell.file, [...shell.args, ...words], {
      cwd: layout.dir,
      env: environment,
      stdio: [stdin ?? 'ignore', 'ignore', 'ignore', ...held],
      detached: true,
    });
    child.unref();
    await once(child, 'spawn');
  } finally {
    // What keeps the lines held is the wrapper's copy.
    for (const fd of held) closeSync(fd);
  }
}
