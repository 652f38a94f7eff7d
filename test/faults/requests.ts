/** How members are asked to reboot their machine: by a file, which the first that can do it removes. (workload/peer.sh) */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export function pleaseReboot(lab: string, machine: string): void {
  mkdirSync(join(lab, 'please-reboot'), { recursive: true });
  writeFileSync(join(lab, 'please-reboot', machine), '');
}

/** Nobody has to any more. */
export function thankYou(lab: string, machine: string): void {
  rmSync(join(lab, 'please-reboot', machine), { force: true });
}
