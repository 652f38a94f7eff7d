/** Who takes part, and where they are. */
import { TuttiError } from './errors.ts';
import { localCall } from './local-call.ts';

export interface TopologyMember {
  /** `client.0` */
  member: string;
  role: string;
  index: number;
  /** The machine's name. */
  node: string;
  /** The best one first. */
  addresses: string[];
  params: Record<string, string | number | boolean>;
}

export interface Topology {
  /** Your own member name. */
  self: string;
  members: TopologyMember[];
}

export async function topology(options: { signal?: AbortSignal | undefined } = {}): Promise<Topology> {
  return (await localCall('topology', {}, options)) as Topology;
}

/**
 * A member's address: `client.0`, or `client` for the first of the role.
 *
 * @throws TuttiError BAD_PARAMS when the test has no such member, BAD_ADDRESS when its node has none that Tutti knows
 */
export async function addr(
  member: string,
  options: { signal?: AbortSignal | undefined } = {},
): Promise<string> {
  const { addresses } = (await localCall('addr', { member }, options)) as { addresses: string[] };
  const [first] = addresses;
  if (first === undefined)
    throw new TuttiError('BAD_ADDRESS', `addr "${member}": its node has no address that Tutti knows`);
  return first;
}
