/** What operators decide about machines: in service or not, and their labels. All of them exist, or nothing is done. */
import { type CallParams, type CallResult, TuttiError } from '@tutti/protocol';
import { withLabels, withOrder } from '../agents/orders.ts';
import type { Registry } from '../agents/registry.ts';
import type { MasterClock } from '../master-clock.ts';

/** Throws `NO_SUCH_NODE`, `BAD_PARAMS`. */
export async function orderNodes(
  { nodes: names, order, on, reason }: CallParams<'node.order'>,
  registry: Registry,
  clock: MasterClock,
): Promise<CallResult<'node.order'>> {
  if (on && order === 'quarantined' && reason === undefined) {
    throw new TuttiError('BAD_PARAMS', 'a quarantine needs a reason');
  }
  const nodes = names.map((name) => registry.require(name));
  const given = on ? { since: clock.wallMs(), ...(reason === undefined ? {} : { reason }) } : undefined;
  await Promise.all(nodes.map((node) => registry.order(node, (orders) => withOrder(orders, order, given))));
  return { nodes: nodes.map((node) => node.view()) };
}

/** Throws `NO_SUCH_NODE`, `BAD_PARAMS`. */
export async function labelNodes(
  { nodes: names, set, remove }: CallParams<'node.label'>,
  registry: Registry,
): Promise<CallResult<'node.label'>> {
  const nodes = names.map((name) => registry.require(name));
  const change = { set, remove };
  // Too many for one of them: for none.
  for (const { orders, identity } of nodes) withLabels(orders, identity.labels, change);
  await Promise.all(
    nodes.map((node) => registry.order(node, (orders) => withLabels(orders, node.identity.labels, change))),
  );
  return { nodes: nodes.map((node) => node.view()) };
}
