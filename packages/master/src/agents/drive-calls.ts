/** What a driver's agent may ask of the master: one handler for each verb. */
import type { CallContext, Handlers } from '@tutti/link';
import {
  type CallParams,
  type driveCalls,
  NODE_VERBS,
  type NodeResult,
  type NodeVerb,
} from '@tutti/protocol';
import type { DriveCall, LiveMember } from '../runs/members.ts';

export type DriveCalls = Pick<Handlers<'agent→master'>, keyof typeof driveCalls>;

/** `member`: the one that asks, if it is on the machine of this agent. */
export function driveHandlers(member: (id: string) => LiveMember): DriveCalls {
  const handler =
    <V extends NodeVerb>(verb: V) =>
    (
      { member: id, request, on, args }: CallParams<`drive.${V}`>,
      { signal }: CallContext,
    ): Promise<NodeResult<V>> =>
      member(id).drive(verb, { request, on, args } as DriveCall<V>, signal);
  return Object.fromEntries(
    NODE_VERBS.map((verb) => [`drive.${verb}`, handler(verb)]),
  ) as unknown as DriveCalls;
}
