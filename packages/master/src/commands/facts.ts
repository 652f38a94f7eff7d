/** What is known about a machine, for who drives it. */
import type { NodeResult } from '@tutti/protocol';
import type { Node } from '../agents/node.ts';

export function factsOf({ name, identity, machine, addresses }: Node): NodeResult<'facts'> {
  return { node: name, boot: identity.boot, facts: machine.facts, labels: machine.labels, addresses };
}
