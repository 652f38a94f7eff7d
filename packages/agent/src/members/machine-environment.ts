/**
 * What a script's environment says about the machine and its user, from the machine's own files: the agent's environment
 * may come from a developer's shell, a service or a package script, and must not leak into tests.
 */
import { readFileSync, readlinkSync } from 'node:fs';
import { userInfo } from 'node:os';

export interface MachineEnvironment {
  readonly path: string;
  readonly home: string;
  readonly user: string;
  readonly shell: string;
  /** An IANA name such as `Europe/Berlin`. */
  readonly timezone: string;
}

/** Used where the machine does not configure another in /etc/environment, as login programs do. */
export const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export function machineEnvironment(): MachineEnvironment {
  return { path: pathOf(read('/etc/environment')), timezone: timezone(), ...user() };
}

/** `PATH` as pam_env(8) reads it from /etc/environment. */
export function pathOf(etcEnvironment: string): string {
  const value = /^[ \t]*(?:export[ \t]+)?PATH=(["']?)([^"'\n]+)\1[ \t]*$/m.exec(etcEnvironment)?.[2]?.trim();
  return value === undefined || value.includes('$') ? SYSTEM_PATH : value;
}

function timezone(): string {
  try {
    const zone = /zoneinfo\/(.+)$/.exec(readlinkSync('/etc/localtime'))?.[1];
    if (zone !== undefined) return zone;
  } catch {
    // No such file, or not a link.
  }
  return read('/etc/timezone').trim() || 'UTC';
}

function user(): { home: string; user: string; shell: string } {
  try {
    const info = userInfo();
    return { home: info.homedir, user: info.username, shell: info.shell ?? '/bin/sh' };
  } catch {
    // The user id has no entry in the user database, as in some containers.
    return { home: '/', user: String(process.getuid?.() ?? 'nobody'), shell: '/bin/sh' };
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
