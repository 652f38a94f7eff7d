/**
 * Names and addresses of a lab's agents. Pure: the same number of agents gives the same plan, on every machine; labs do
 * not meet, so they all use the same addresses.
 *
 * In namespaces agent 1 is 10.77.0.2 and fd77::2; .1 is left free, as a reader expects of a gateway. Beyond 250 agents
 * the network is a /16 and the third byte counts on, so that no host ends in .0 or .255. On the host's own network every
 * agent is 127.0.0.1, as nothing else is theirs.
 */

export interface LabNode {
  readonly name: string;
  readonly address: string;
}

export interface Interface extends LabNode {
  /** With prefix length, as `ip addr add` takes them. */
  readonly inet: string;
  readonly inet6: string;
}

const PER_BYTE = 250;

export function namespacedNodes(agents: number): Interface[] {
  const prefix = agents > PER_BYTE ? 16 : 24;
  return Array.from({ length: agents }, (_, i) => {
    const address = `10.77.${Math.floor(i / PER_BYTE)}.${(i % PER_BYTE) + 2}`;
    return {
      name: `n${i + 1}`,
      address,
      inet: `${address}/${prefix}`,
      inet6: `fd77::${(i + 2).toString(16)}/64`,
    };
  });
}

export function hostNodes(agents: number): LabNode[] {
  return Array.from({ length: agents }, (_, i) => ({ name: `n${i + 1}`, address: '127.0.0.1' }));
}
