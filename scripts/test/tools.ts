/**
 * Programs that tests use, each in a Debian package. On a Debian machine root gets what is missing; elsewhere it is
 * named, and the tests that need it skip by themselves, saying so.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { join } from 'node:path';

/** package → a program in it */
const TOOLS: Record<string, string> = {
  iperf3: 'iperf3',
  iproute2: 'ip',
  procps: 'ps',
  python3: 'python3',
  'util-linux': 'unshare',
};

export function provideTools(): void {
  const missing = missingPackages();
  if (missing.length === 0) return;
  if (process.getuid?.() !== 0 || !existsSync('/etc/debian_version')) {
    console.log(`not installed, so the tests that need them will be skipped: ${missing.join(', ')}`);
    return;
  }
  console.log(`installing Debian packages that tests need: ${missing.join(', ')}`);
  const said = apt('update') ?? apt('install', '-y', '--no-install-recommends', ...missing);
  if (said !== undefined) console.log(`${said}\nthe tests that need ${missing.join(', ')} will be skipped`);
}

function missingPackages(): string[] {
  const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/sbin'];
  const has = (program: string): boolean => folders.some((folder) => isExecutable(join(folder, program)));
  return Object.keys(TOOLS).filter((name) => !has(TOOLS[name] ?? name));
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
