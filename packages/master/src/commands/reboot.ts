/** Rebooting a machine for somebody else: answered when it is back, as another boot id proves. */
import type { Clock } from '@tutti/link';
import { type NodeArgs, type NodeResult, TuttiError } from '@tutti/protocol';
import type { Node } from '../agents/node.ts';
import type { MemberUnderWay } from '../runs/live-member.ts';
import { unlessAborted } from '../runs/unless-aborted.ts';

/** DESIGN, "reboot.timeout". */
const DEFAULT_SECONDS = 600;

interface RebootAsked {
  /** The driver that asks. */
  readonly by: MemberUnderWay | undefined;
  /** Who asks, and the request: once for each. */
  readonly asked: string;
  readonly args: NodeArgs<'reboot'>;
  readonly signal: AbortSignal;
}

/** The machine of a member: its test goes on when it is back. Throws `CANNOT_REBOOT`. */
export async function rebootMember(
  target: MemberUnderWay,
  members: readonly MemberUnderWay[],
  { by, asked, args, signal }: RebootAsked,
): Promise<NodeResult<'reboot'>> {
  refuseInUse(target, members, by);
  const incarnation = await target.reboot(asked, args.timeout ?? DEFAULT_SECONDS);
  const { ended, back } = await target.cameBack(incarnation, signal);
  return { boot: target.machine.identity.boot, away: Math.max(0, back - ended) / 1000 };
}

/** Another member of the test on the same machine would be killed without a word. */
function refuseInUse(
  target: MemberUnderWay,
  members: readonly MemberUnderWay[],
  by: MemberUnderWay | undefined,
): void {
  const others = members.filter(
    (other) => other !== target && other.machine === target.machine && !other.ended,
  );
  const [other] = others.includes(by as MemberUnderWay) ? [by] : others;
  if (target !== by && other === undefined) return;
  const whose =
    other === undefined || other === by ? 'the driver itself stands on it' : `${other.name} stands on it too`;
  throw new TuttiError('CANNOT_REBOOT', `${target.node} is not rebooted for ${target.name}: ${whose}`);
}

/** A machine outside of tests. `boot`: the one that was there when it was asked for first. */
export async function rebootMachine(
  node: Node,
  boot: string,
  {
    clock,
    timeout = DEFAULT_SECONDS,
    signal,
  }: { clock: Clock; timeout: number | undefined; signal: AbortSignal },
): Promise<NodeResult<'reboot'>> {
  const asked = clock.monotonicMs();
  const late = new AbortController();
  const cancel = clock.after(timeout * 1000, () =>
    late.abort(
      new TuttiError('TIMED_OUT', `${node.name} did not come back from its reboot within ${timeout} s`),
    ),
  );
  const until = AbortSignal.any([signal, late.signal]);
  const back = Promise.withResolvers<void>();
  const look = () => {
    if (node.session !== undefined && node.identity.boot !== boot) back.resolve();
  };
  const unwatch = node.onAway(look);
  try {
    look();
    const ordering = node.identity.boot === boot ? node.call('machine.reboot', { boot }, until) : undefined;
    // Its agent may be gone before it has answered; that it refuses is the end of it.
    await Promise.race([
      back.promise,
      Promise.resolve(ordering).then(() => unlessAborted(back.promise, until)),
    ]);
    return { boot: node.identity.boot, away: Math.max(0, clock.monotonicMs() - asked) / 1000 };
  } finally {
    unwatch();
    cancel();
  }
}
