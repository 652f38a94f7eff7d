/** What a client may do on machines: on any machine by its name, or on that of a member of a test under way. */
import type { CallContext, Handlers } from '@tutti/link';
import {
  type CallParams,
  NODE_VERBS,
  type NodeArgs,
  type NodeResult,
  type NodeVerb,
  type nodeCalls,
} from '@tutti/protocol';
import type { Registry } from '../agents/registry.ts';
import type { Console } from '../commands/console.ts';
import type { Runs } from '../runs/runs.ts';

export type NodeCalls = Pick<Handlers<'client→master'>, keyof typeof nodeCalls>;

export interface NodeCallsDeps {
  registry: Registry;
  runs: Runs;
  console: Console;
}

/** `client`: who asks, across its connections. */
export function nodeHandlers(
  { registry, runs, console }: NodeCallsDeps,
  client: () => string | undefined = () => undefined,
): NodeCalls {
  const handler =
    <V extends NodeVerb>(verb: V) =>
    async (
      { request, at, args: asked }: CallParams<`node.${V}`>,
      { signal }: CallContext,
    ): Promise<NodeResult<V>> => {
      const args = asked as NodeArgs<V>;
      if ('node' in at)
        return console.do(verb, { node: registry.require(at.node), request, args, client: client(), signal });
      return runs.get(at.run).attempt(at.test).operate(verb, { request, on: at.member, args }, signal);
    };
  return Object.fromEntries(
    NODE_VERBS.map((verb) => [`node.${verb}`, handler(verb)]),
  ) as unknown as NodeCalls;
}
