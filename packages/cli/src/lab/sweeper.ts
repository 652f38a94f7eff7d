/**
 * The process that outlives the lab by a moment and leaves nothing of it: whatever happened to the starter and to the
 * daemons, once all are gone their strays and their directory go too. It *makes* the directory as well, so there is no
 * instant at which one exists and nobody is there to remove it.
 *
 * In namespaces it holds the bridge's namespace: the bridge, and with it every veth pair, ends when the sweeper does.
 */
import type { Net } from './choose-net.ts';
import { HeldProcess } from './held-process.ts';
import { SWEEP_SCRIPT } from './sweep-script.ts';

const TICKS_PER_SECOND = 20;

export interface SweeperOptions {
  readonly base: string;
  readonly net: Net;
  readonly env: NodeJS.ProcessEnv;
  /** How long daemons may take to end after their starter is gone. */
  readonly patienceMs: number;
  /** Take over this directory of a sweeper that has been killed, instead of making one. */
  readonly root?: string;
}

export function startSweeper({ base, net, env, patienceMs, root = '' }: SweeperOptions): HeldProcess {
  const ticks = String(Math.ceil((patienceMs / 1000) * TICKS_PER_SECOND));
  const sweep = ['/bin/sh', '-c', SWEEP_SCRIPT, 'tutti-sweeper', base, ticks, root] as const;
  const argv = net.kind === 'namespaces' ? ([net.tools.unshare, '--net', '--', ...sweep] as const) : sweep;
  return new HeldProcess({ what: 'the sweeper', argv, env: { ...env, LC_ALL: 'C' } });
}
