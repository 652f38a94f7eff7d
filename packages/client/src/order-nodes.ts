/** What operators tell a master about its machines. */
import { randomBytes } from 'node:crypto';
import type { CallParams, Labels, NodeView } from '@tutti/protocol';
import type { MasterClient } from './master-client.ts';

/** As many as one call takes. */
const AT_ONCE = 16;

type Order = Pick<CallParams<'node.order'>, 'order' | 'on' | 'reason'>;

/** Into service or out of it; resolves with the machines as they are then, when that is durable. Throws `NO_SUCH_NODE`. */
export async function orderNodes(
  client: MasterClient,
  names: readonly string[],
  order: Order,
): Promise<NodeView[]> {
  return inParts(names, (nodes) => client.call('node.order', { ...order, nodes }));
}

/** Throws `NO_SUCH_NODE`, `BAD_PARAMS`. */
export async function labelNodes(
  client: MasterClient,
  names: readonly string[],
  change: { set: Labels; remove: string[] },
): Promise<NodeView[]> {
  return inParts(names, (nodes) => client.call('node.label', { ...change, nodes }));
}

/** The end of what the command wrote. Throws `NO_SUCH_NODE`, `NODE_HELD`, `NO_POWER`, `COMMAND_FAILED`. */
export async function powerNode(
  client: MasterClient,
  node: string,
  action: 'on' | 'off' | 'cycle',
  force: boolean,
): Promise<string> {
  const request = randomBytes(16).toString('hex');
  return (await client.call('node.power', { request, node, action, force })).output;
}

async function inParts(
  names: readonly string[],
  call: (nodes: string[]) => Promise<{ nodes: NodeView[] }>,
): Promise<NodeView[]> {
  const all: NodeView[] = [];
  for (let at = 0; at < names.length; at += AT_ONCE) {
    // One after the other: what is wrong with one of them is said once.
    const { nodes } = await call(names.slice(at, at + AT_ONCE));
    all.push(...nodes);
  }
  return all;
}
