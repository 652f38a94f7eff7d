/** What this machine has, for tests that need it and say so by name where it has not. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

/** Whether `tutti run --local --net namespaces` can work here: root, and a kernel that lets it. */
export const canNamespace =
  process.getuid?.() === 0 &&
  has('ip', 'unshare', 'nsenter') &&
  spawnSync('unshare', ['--net', '--', 'ip', 'link', 'add', 'br0', 'type', 'bridge']).status === 0;

/** Whether all of these programs are in the PATH. */
export function has(...programs: string[]): boolean {
  const folders = [...(process.env['PATH'] ?? '').split(':'), '/usr/sbin', '/sbin'];
  return programs.every((program) => folders.some((folder) => isExecutable(join(folder, program))));
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
