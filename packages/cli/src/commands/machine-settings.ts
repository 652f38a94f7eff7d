/**
 * What an agent's settings say of its machine: how it is rebooted, and what becomes of members when the disk fills or
 * nobody asks for them. A flag wins over `TUTTI_CONF_*`.
 */
import { durationSeconds } from '@tutti/client';
import { TuttiError } from '@tutti/protocol';

export interface MachineFlags {
  rebootCommand?: string;
  bootId?: string;
  orphan?: string;
  keepFor?: string;
  keepSize?: string;
  minFree?: string;
  private?: boolean;
}

export interface MachineSettings {
  /** Undefined: the usual ones. */
  rebootCommands: readonly string[] | undefined;
  bootId: string | undefined;
  limits: { orphan?: number; keepFor?: number; keepBytes?: number; minFree?: number };
}

const MEBIBYTE = 1024 ** 2;

/** Throws `USAGE`. */
export function machineSettings(
  flags: MachineFlags,
  env: Record<string, string | undefined>,
): MachineSettings {
  const orphan = flags.orphan ?? env['TUTTI_CONF_ORPHAN'];
  const keepFor = flags.keepFor ?? env['TUTTI_CONF_KEEP_FOR'];
  const keepSize = flags.keepSize ?? env['TUTTI_CONF_KEEP_SIZE'];
  const minFree = flags.minFree ?? env['TUTTI_CONF_MIN_FREE'];
  return {
    rebootCommands: rebootCommands(flags, env['TUTTI_CONF_REBOOT_COMMAND']),
    bootId: bootId(flags.bootId ?? env['TUTTI_CONF_BOOT_ID']),
    limits: {
      ...(orphan ? { orphan: durationSeconds(orphan) } : {}),
      ...(keepFor ? { keepFor: durationSeconds(keepFor) } : {}),
      ...(keepSize ? { keepBytes: numberOf(keepSize, '--keep-size', Infinity) * MEBIBYTE } : {}),
      ...(minFree ? { minFree: numberOf(minFree, '--min-free', 100) / 100 } : {}),
    },
  };
}

/**
 * A private agent runs on the machine of whoever tries something: only a flag of its own lets it bring that down, and no
 * setting that is meant for the agent which belongs to the machine.
 */
function rebootCommands(flags: MachineFlags, configured: string | undefined): readonly string[] | undefined {
  if (flags.rebootCommand !== undefined) return [flags.rebootCommand];
  if (flags.private) return [];
  return configured ? [configured] : undefined;
}

/** It becomes a word of files that are lines of words. */
function bootId(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  if (/^[!-~]{1,128}$/.test(text)) return text;
  throw new TuttiError(
    'USAGE',
    `--boot-id takes 1 to 128 characters without spaces, not ${JSON.stringify(text)}`,
  );
}

function numberOf(text: string, option: string, most: number): number {
  const number = Number(text);
  if (text.trim() !== '' && number >= 0 && number <= most) return number;
  const range = most === Infinity ? 'a number, 0 or more' : `a number from 0 to ${most}`;
  throw new TuttiError('USAGE', `${option} takes ${range}, not "${text}"`);
}
