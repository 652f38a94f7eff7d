/**
 * Which network the agents of a lab get, and the words that say so. Found out by trying: a throw-away namespace with a
 * bridge and a veth pair, since neither being root nor a capability bit tells what a container's host forbids.
 */

import { namespacesImpossible } from './failures.ts';
import { PROBE_COMMANDS } from './ip-commands.ts';
import { findTool, runTool } from './run-tool.ts';

/** What was asked for. */
export type NetWish = 'auto' | 'namespaces' | 'host';
/** What it is. */
export type NetKind = 'namespaces' | 'host';

export interface Tools {
  readonly unshare: string;
  readonly nsenter: string;
  readonly ip: string;
}

export type Net =
  | { readonly kind: 'namespaces'; readonly reason: string; readonly tools: Tools; readonly ipv6: boolean }
  | { readonly kind: 'host'; readonly reason: string };

/** The kernel's bridge has 1024 ports. */
const MOST_ON_A_BRIDGE = 1000;

/** Rejects only where `namespaces` was asked for by name and cannot be had. */
export async function chooseNet(wish: NetWish, agents: number, signal: AbortSignal): Promise<Net> {
  const count = agents === 1 ? '1 agent' : `${agents} agents`;
  if (wish === 'host') return { kind: 'host', reason: `${count} on this host's network` };
  const probed = await probe(agents, signal);
  if (typeof probed !== 'string') {
    const where = agents === 1 ? 'a network namespace' : 'network namespaces';
    return { kind: 'namespaces', reason: `${count} in ${where}`, ...probed };
  }
  if (wish === 'namespaces') throw namespacesImpossible(probed);
  return { kind: 'host', reason: `${count} on this host's network (${probed})` };
}

/** Why not, if it is a string. */
async function probe(agents: number, signal: AbortSignal): Promise<string | { tools: Tools; ipv6: boolean }> {
  if (agents > MOST_ON_A_BRIDGE) return `one bridge joins at most ${MOST_ON_A_BRIDGE} agents`;
  const unshare = findTool('unshare');
  const nsenter = findTool('nsenter');
  const ip = findTool('ip');
  if (unshare === undefined || nsenter === undefined)
    return 'no unshare and nsenter here, Debian package util-linux';
  if (ip === undefined) return 'no ip command here, Debian package iproute2';

  // An address of version 6 can be set only where a *new* namespace has it enabled; ours may differ.
  const script =
    '"$1" -batch - || exit; cat /proc/sys/net/ipv6/conf/default/disable_ipv6 2>/dev/null || echo 1';
  const tried = await runTool(
    [unshare, '--net', '--', '/bin/sh', '-c', script, 'probe', ip],
    PROBE_COMMANDS,
    signal,
  );
  signal.throwIfAborted();
  if (tried.ok) return { tools: { unshare, nsenter, ip }, ipv6: tried.stdout.trim() === '0' };
  if (process.getuid?.() !== 0) return 'not root';
  return tried.complaint.split('\n', 1)[0] ?? '';
}
