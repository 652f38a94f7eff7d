/**
 * `reboot.N`: incarnation N announced that its machine will go down. On disk before anybody is told, so that the agent
 * which starts afterwards knows that the same script is to run again. Whether the machine did go down is no guess: the
 * boot id in `started.N` is then another one than the machine's.
 */
import { replaceFile } from '@tutti/link';
import { readObject } from '../system/json-file.ts';
import type { Layout } from './layout.ts';

export interface RebootMark {
  /** CLOCK_MONOTONIC in milliseconds when it was announced. */
  readonly at: number;
  /** Seconds from then on until the machine must be back. */
  readonly timeout: number;
  /** The script brings the machine down itself. */
  readonly byScript: boolean;
  /** Who asked for it. */
  readonly request: string;
  /** Milliseconds that the member had been running by then, over all incarnations. */
  readonly ran: number;
}

export async function markReboot(layout: Layout, mark: RebootMark): Promise<void> {
  await replaceFile(layout.reboot, JSON.stringify(mark), 0o600);
}

/** Undefined where none was announced. */
export function readRebootMark(layout: Layout): RebootMark | undefined {
  const { at, timeout, byScript, request, ran } = readObject(layout.reboot) ?? {};
  if (typeof at !== 'number' || typeof timeout !== 'number' || typeof byScript !== 'boolean')
    return undefined;
  return {
    at,
    timeout,
    byScript,
    request: typeof request === 'string' ? request : '',
    ran: typeof ran === 'number' ? ran : 0,
  };
}
