/** Every machine a master knows, sorted by name. */
import type { NodeView } from '@tutti/protocol';
import type { MasterClient } from './master-client.ts';

export async function listNodes(client: MasterClient): Promise<NodeView[]> {
  const all: NodeView[] = [];
  for (;;) {
    const after = all.at(-1)?.name;
    const { nodes, more } = await client.call('nodes.list', after === undefined ? {} : { after });
    // A corrected clock has fractions of a millisecond, which mean nothing.
    all.push(...nodes.map((node) => ({ ...node, since: Math.round(node.since) })));
    if (!more || nodes.length === 0) return all;
  }
}
