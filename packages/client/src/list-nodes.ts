/** Every machine a master knows, sorted by name. */
import type { NodeView } from '@tutti/protocol';
import type { MasterClient } from './master-client.ts';

export async function listNodes(client: MasterClient): Promise<NodeView[]> {
  const all: NodeView[] = [];
  for (;;) {
    const after = all.at(-1)?.name;
    const { nodes, more } = await client.call('nodes.list', after === undefined ? {} : { after });
    all.push(...nodes);
    if (!more || nodes.length === 0) return all;
  }
}
