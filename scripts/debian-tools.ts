/**
 * Programs that tests and the demo use, each in a Debian package. On a Debian machine root gets what is missing;
 * elsewhere it is named, with what that means.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { join } from 'node:path';

/** package → a program in it */
const TOOLS = {
  chromium: 'chromium',
  iperf3: 'iperf3',
  iproute2: 'ip',
  procps: 'ps',
  python3: 'python3',
  tmux: 'tmux',
  'util-linux': 'unshare',
} as const;

export const ALL_TOOLS = Object.keys(TOOLS) as Tool[];

export type Tool = keyof typeof TOOLS;

/** Installs what is missing of these packages, where it may. `without` says what follows where it may not. */
export function provideTools(packages: readonly Tool[], without: string): void {
  const missing = packages.filter((name) => !has(TOOLS[name]));
  if (missing.length === 0) return;
  const names = missing.join(', ');
  if (process.getuid?.() !== 0 || !existsSync('/etc/debian_version')) {
    console.error(`not installed: ${names}; ${without}`);
    return;
  }
  console.error(`installing Debian packages: ${names}`);
  const said = apt('update') ?? apt('install', '-y', '--no-install-recommends', ...missing);
  if (said !== undefined) console.error(`${said}\nnot installed: ${names}; ${without}`);
}

function has(program: string): boolean {
  const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/sbin'];
  return folders.some((folder) => isExecutable(join(folder, program)));
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** What apt-get said if it failed, else undefined. */
function apt(...args: string[]): string | undefined {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const { status, stdout, stderr } = spawnSync('apt-get', ['-q', ...args], { env, encoding: 'utf8' });
  return status === 0 ? undefined : `apt-get ${args[0]} failed:\n${stdout}${stderr}`;
}
