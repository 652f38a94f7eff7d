/**
 * The end of a script's output: when all of it is in the files, also where others still hold its pipes.
 *
 * A relay that sleeps waits at an empty pipe: it writes what it has read before it reads again, and a writer wakes it
 * before its own write returns. So once a relay has been seen to sleep after the script's end, all that the script wrote is in
 * the file. Nobody tells when it does; it is looked for.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { type ProcessStat, readStat } from '@tutti/link';
import type { LifeLine } from '../system/fifo.ts';
import { descriptor, listProcesses, signal } from '../system/proc.ts';
import { timer } from '../system/timer.ts';
import type { Layout } from './layout.ts';

const LOOK_MS = 10;

/**
 * Resolves when nobody holds the pipes any more. After `patience` milliseconds the relays are ended: somebody who is no
 * process of the member holds its output, or the disk is stuck.
 */
export async function untilDrained(layout: Layout, line: LifeLine, patience: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  line.onGone(resolve);
  const late = timer(patience, () => {
    killRelays(layout);
    resolve();
  });
  await promise;
  late.clear();
}

/**
 * Resolves when all that the script wrote is in the files, at the latest after `patience` milliseconds; what others write
 * from then on is thrown away. Rejects where that is not possible.
 */
export async function untilSettled(layout: Layout, line: LifeLine, patience: number): Promise<void> {
  if (!line.isHeld()) return;
  const over = new AbortController();
  const late = timer(patience, () => over.abort());
  await allWritten(relaysOf(layout), over.signal).catch(() => undefined);
  late.clear();
  await discardFurther(layout, line);
}

/** The processes between a member's pipes and its logs. */
export function relaysOf({ drained }: Pick<Layout, 'drained'>): ProcessStat[] {
  return listProcesses().filter(({ pid }) => descriptor(pid, 4) === drained);
}

export function killRelays(layout: Pick<Layout, 'drained'>): void {
  for (const relay of relaysOf(layout)) signal(relay, 'SIGKILL');
}

/** Resolves when every relay is gone or has slept since the call; rejects only when `signal` aborts. */
async function allWritten(relays: readonly ProcessStat[], abort: AbortSignal): Promise<void> {
  let busy = relays;
  for (;;) {
    busy = busy.filter(({ pid, start }) => {
      const now = readStat(pid);
      return now?.start === start && !now.zombie && !now.sleeping;
    });
    if (busy.length === 0) return;
    await delay(LOOK_MS, undefined, { signal: abort });
  }
}

/**
 * From now on what is written into the pipes is thrown away, and who writes notices nothing. What takes the place of the
 * relays ends, as they do, with the last who holds the pipes, and outlives this agent.
 */
async function discardFurther(
  layout: Pick<Layout, 'pipes' | 'drained' | 'dir'>,
  line: LifeLine,
): Promise<void> {
  const before = relaysOf(layout);
  for (const pipe of layout.pipes) {
    // With a write end at hand the read end opens at once, and blocks later, as a relay's does.
    const held = [openSync(pipe, 'r+')];
    try {
      const source = openSync(pipe, 'r');
      held.push(source);
      const end = line.openWriteEnd();
      held.push(end);
      const discard = spawn('/bin/sh', ['-c', 'exec cat >/dev/null'], {
        cwd: '/',
        env: { PATH: '/usr/bin:/bin:/run/current-system/sw/bin' },
        stdio: [source, 'ignore', 'ignore', 'ignore', end],
        detached: true,
      });
      discard.unref();
      await once(discard, 'spawn');
    } finally {
      for (const fd of held) closeSync(fd);
    }
  }
  for (const relay of before) signal(relay, 'SIGKILL');
}
