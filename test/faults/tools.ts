/** Whether this machine lets a lab be made to do harm to. */
import { spawnSync } from 'node:child_process';
import { canNamespace, has } from '../e2e/support/tools.ts';

/** Undefined if it does, else why not. */
export function canHarm(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root can make the machines of a fault suite';
  if (!has('ip', 'tc', 'unshare', 'nsenter', 'mount')) return 'the fault suite needs iproute2 and util-linux';
  if (!canNamespace) return 'network namespaces cannot be made here';
  const time = ['--time', '--monotonic=1', '--pid', '--mount', '--fork', 'true'];
  if (spawnSync('unshare', time).status !== 0) return 'time namespaces cannot be made here';
  return undefined;
}
