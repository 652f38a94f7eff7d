/** An agent has said hello: what it has, and what the master believes of its members, is brought together. */
import type { CallParams } from '@tutti/protocol';
import type { MasterClock } from '../master-clock.ts';
import type { LiveMember, LiveMembers } from '../runs/members.ts';
import type { SyncBroker } from '../sync/broker.ts';
import { type AgentSession, type Node, REPEAT_MS } from './node.ts';

interface SettleDeps {
  readonly master: string;
  readonly clock: MasterClock;
  readonly live: LiveMembers;
  readonly broker: SyncBroker;
}

/** Returns the members that are not wanted. */
export function settleMembers(
  node: Node,
  hello: CallParams<'hello'>,
  session: AgentSession,
  { master, live, broker, clock }: SettleDeps,
): string[] {
  const waits = new Set(hello.waits);
  const mayComeAgain = node.hasBegun(hello.process, clock.monotonicMs());
  const present = new Map(hello.members.map((presence) => [presence.member, presence]));
  const unwanted = hello.members.filter(({ member: id, master: owner }) => {
    const known = live.find(id);
    return owner !== master || known?.machine !== node || known.lost;
  });
  const giveUp = unwanted.map(({ member }) => member);
  node.settle(giveUp);
  const inDoubt: LiveMember[] = [];
  for (const known of live.onNode(node)) {
    if (broker.keepOnly(known.attempt, known.name, waits, { mayComeAgain })) inDoubt.push(known);
    const presence = present.get(known.id);
    if (presence !== undefined) known.present(presence);
    else if (known.owed) known.vanished();
  }
  if (inDoubt.length > 0) {
    const cancel = clock.after(REPEAT_MS, () => {
      for (const known of inDoubt) broker.endDoubt(known.attempt, known.name);
    });
    session.onClosed(cancel);
  }
  return giveUp;
}
