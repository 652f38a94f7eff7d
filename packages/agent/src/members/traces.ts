/**
 * What the wrapper leaves in the member directory, read back. Anything torn, foreign or unparsable is as good as absent.
 */
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import type { ProcessId } from '@tutti/link';
import type { Exit } from '@tutti/protocol';

/** One process as it wrote itself down. */
export interface Trace extends ProcessId {
  readonly boot: string;
  /** Seconds since boot when it did. */
  readonly uptime: number;
  /** It is in the member's cgroup. */
  readonly joined: boolean;
}

export interface Status {
  readonly code: number;
  /** Seconds since boot when the script had ended. */
  readonly uptime: number;
}

/** `pid start boot uptime [in|out]` and a newline. */
export function parseTrace(text: string): Trace | undefined {
  const match = /^(\d+) (\d+) ([!-~]{1,128}) (\d+\.\d+)(?: (in|out))?\n$/.exec(text);
  if (match === null) return undefined;
  const [, pid, start, boot, uptime, joined] = match;
  return {
    pid: Number(pid),
    start: Number(start),
    boot: String(boot),
    uptime: Number(uptime),
    joined: joined === 'in',
  };
}

/** `code uptime` and a newline. */
export function parseStatus(text: string): Status | undefined {
  const match = /^(\d{1,3}) (\d+\.\d+)\n$/.exec(text);
  if (match === null) return undefined;
  const code = Number(match[1]);
  return code > 255 ? undefined : { code, uptime: Number(match[2]) };
}

/**
 * A shell shows the death by signal n as 128 + n. A script that itself exits with such a number cannot be told from
 * that; it is reported as the signal, which is what people read such a number as anyway.
 */
export function exitOf(status: Status | undefined): Exit {
  if (status === undefined) return { how: 'killed' };
  const signal = SIGNAL_NAMES.get(status.code - 128);
  return signal === undefined ? { how: 'exited', code: status.code } : { how: 'signalled', signal };
}

/**
 * Of a machine that went down and came back. A script that had exited by itself before has ended as it did. A signal says
 * nothing: a machine that shuts down in good order sends one to everybody.
 */
export function exitAfterCrash(status: Status | undefined): Exit {
  const exit = exitOf(status);
  return exit.how === 'exited' ? exit : { how: 'rebooted' };
}

const SIGNAL_NAMES = new Map<number, string>();
for (const [name, number] of Object.entries(constants.signals)) {
  // The first name of a number is the usual one: SIGABRT, not SIGIOT.
  if (!SIGNAL_NAMES.has(number)) SIGNAL_NAMES.set(number, name);
}

export function readTrace(path: string, boot: string): Trace | undefined {
  const trace = parseTrace(readText(path));
  return trace?.boot === boot ? trace : undefined;
}

export function readStatus(path: string): Status | undefined {
  return parseStatus(readText(path));
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
