/**
 * What `ip -batch` is told. Pure text.
 *
 *   bridge's namespace          agent's namespace
 *     br0 ── v1 ═══ veth ═════ eth0  10.77.0.2/24, fd77::2/64
 *
 * A pair is created inside the bridge's namespace with its other end already in the agent's: at no instant is either end
 * in the namespace of the machine.
 */
import type { Interface } from './addresses.ts';

/** `pids[i]` lives in the namespace of agent i. The bridge has no address: it is a switch, not a router. */
export function bridgeCommands(pids: readonly number[]): string {
  const pairs = pids.flatMap((pid, i) => [
    `link add v${i + 1} type veth peer name eth0 netns ${pid}`,
    `link set v${i + 1} master br0 up`,
  ]);
  return lines(['link add br0 type bridge forward_delay 0', 'link set br0 up', ...pairs]);
}

/** `nodad`: an address under duplicate detection cannot be bound for a second, and here nobody else can have it. */
export function agentCommands(node: Interface, ipv6: boolean): string {
  return lines([
    'link set lo up',
    `addr add ${node.inet} dev eth0`,
    ...(ipv6 ? [`addr add ${node.inet6} dev eth0 nodad`] : []),
    'link set eth0 up',
  ]);
}

/** The least that tells whether this kernel can do all of the above; for a namespace that is thrown away. */
export const PROBE_COMMANDS = lines(['link add br0 type bridge', 'link add v1 type veth peer name eth0']);

function lines(commands: string[]): string {
  return `${commands.join('\n')}\n`;
}
