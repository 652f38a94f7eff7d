/**
 * A member's way down with its machine: announced on disk first, then to the master, then begun, once nothing of the member
 * lives. What does not go down in time, or cannot, says so; everything else is for the next incarnation.
 */
import { rm } from 'node:fs/promises';
import { diskError } from '@tutti/link';
import { type MemberSpec, type RebootEvent, type RebootPlan, TuttiError } from '@tutti/protocol';
import { since } from '../system/checkpoint.ts';
import { syncTree } from '../system/durable.ts';
import { type Timer, timer } from '../system/timer.ts';
import type { MemberContext } from './context.ts';
import type { Layout } from './layout.ts';
import { markReboot, type RebootMark, readRebootMark } from './reboot-mark.ts';
import type { StartRecord } from './start-record.ts';
import type { TimeLimit } from './time-limit.ts';
import type { Unanswered } from './unanswered.ts';

/** A reboot that was asked for by this member's script, or by another one's. */
export interface RebootRequest extends RebootPlan {
  readonly request: string;
}

/** What a reboot needs of the member whose machine it is. */
export interface RebootingMember {
  readonly spec: Pick<MemberSpec, 'member' | 'name'>;
  readonly layout: Layout;
  readonly context: MemberContext;
  readonly time: Pick<TimeLimit, 'save' | 'trySave'>;
  readonly unanswered: Unanswered;
  /** Aborts when nothing of it is this agent's business any more. */
  readonly over: AbortSignal;
  readonly goesOn: () => boolean;
  readonly record: () => StartRecord | undefined;
  /** Tells the member that it is announced; false when it has ended meanwhile, or was stopped. */
  readonly onAnnounced: () => boolean;
  /** Ends what runs, commands first. */
  readonly begin: () => void;
  /** Everything has ended, and is on the disk. */
  readonly isDown: () => boolean;
  readonly note: (event: RebootEvent) => Promise<void>;
  /** Closes its socket, and removes what the kernel holds for it. */
  readonly close: () => Promise<void>;
  readonly onFailed: (message: string) => void;
}

export class Reboot {
  readonly #member: RebootingMember;
  #mark: RebootMark | undefined;
  #announcing: Promise<void> = Promise.resolve();
  #patience: Timer | undefined;

  constructor(member: RebootingMember) {
    this.#member = member;
  }

  get announced(): boolean {
    return this.#mark !== undefined;
  }

  get plan(): RebootPlan | undefined {
    if (this.#mark === undefined) return undefined;
    const { timeout, byScript } = this.#mark;
    return { timeout, byScript };
  }

  /** What the agent before this one has announced. */
  resume(): void {
    this.#mark = readRebootMark(this.#member.layout);
    if (this.announced) this.#member.unanswered.resume();
  }

  /** Goes on with it, after `resume`. */
  async continue(): Promise<void> {
    try {
      // The agent before this one may have been killed just before it did.
      await this.#note();
    } catch (thrown) {
      const { spec, context } = this.#member;
      context.log.error({ member: spec.member, err: thrown }, 'a reboot cannot be noted');
    }
    if (this.#mark?.byScript === false) this.#member.begin();
  }

  /** Begins it unless the script does that. Throws `CANNOT_REBOOT`. Announced twice is announced once. */
  async announce(request: RebootRequest): Promise<void> {
    const announce = () => this.#announce(request);
    this.#announcing = this.#announcing.then(announce, announce);
    await this.#announcing;
  }

  /** Nothing of the member lives any more. */
  async goDown(): Promise<void> {
    const { context, layout, over, time, close, isDown, onFailed } = this.#member;
    const mark = this.#mark;
    if (mark === undefined) throw new Error('no reboot was announced');
    const elapsed = context.clock.monotonicMs() - mark.at;
    this.#patience = timer(mark.timeout * 1000 - elapsed, () => {
      const whose = mark.byScript ? 'the script announced that it would reboot it' : 'its reboot began';
      onFailed(`its machine is still up ${mark.timeout} s after ${whose}`);
    });
    await close();
    if (over.aborted) return;
    await time.trySave();
    await syncTree(layout.dir);
    // A later agent of this boot does it, if this one is leaving.
    if (mark.byScript || over.aborted || !isDown()) return;
    try {
      await context.reboot();
    } catch (thrown) {
      onFailed(thrown instanceof Error ? thrown.message : String(thrown));
    }
  }

  /** Nothing is timed any more. */
  release(): void {
    this.#patience?.clear();
  }

  async #announce({ request, timeout, byScript }: RebootRequest): Promise<void> {
    const { context, layout, spec, time, unanswered, over } = this.#member;
    const { member, name } = spec;
    // Twice; but the agent may still be asked to do what the script has only said it would.
    if (this.#mark !== undefined && (byScript || !this.#mark.byScript)) return;
    context.allowReboot(member, byScript);
    if (!this.#member.goesOn())
      throw new TuttiError('CANNOT_REBOOT', `${name} is about to end; nothing is rebooted for it`);
    const { at } = context.now();
    const mark = { at, timeout, byScript, request, ran: this.#ran() };
    try {
      await time.save();
      await unanswered.record();
      // The next incarnation needs all of it, and from the announcement on the machine may go down at any time.
      await syncTree(layout.dir);
      await markReboot(layout, mark);
    } catch (thrown) {
      if (this.#mark === undefined) await unanswered.discard();
      throw diskError(layout.dir, thrown);
    }
    if (!this.#member.onAnnounced()) {
      // That is what happened to it.
      await rm(layout.reboot, { force: true });
      await unanswered.discard();
      throw new TuttiError('CANNOT_REBOOT', `${name} has ended; nothing is rebooted for it`);
    }
    this.#mark = mark;
    await this.#note();
    const plan = { timeout, byScript };
    await context.requests.rebooting(member, layout.n, plan, over).catch((thrown: unknown) => {
      // Its next hello says it again.
      context.log.info({ member, err: thrown }, 'the master does not know of a reboot yet');
    });
    context.log.info({ member, byScript }, `${name} reboots this machine`);
    if (!byScript) this.#member.begin();
  }

  /** For the report. Once, however often it is said. */
  async #note(): Promise<void> {
    if (this.#mark === undefined) return;
    const { at, request, timeout, byScript } = this.#mark;
    await this.#member.note({ event: 'reboot', at, request, timeout, byScript });
  }

  /** Milliseconds, over all incarnations. */
  #ran(): number {
    const { layout, context } = this.#member;
    const record = this.#member.record();
    if (record === undefined) return 0;
    const before = layout.all.at(-2);
    const ranBefore = before === undefined ? 0 : (readRebootMark(before)?.ran ?? 0);
    return since(record, context.now()) + ranBefore;
  }
}

/** A machine that others run on is not rebooted for one member. `possible`: there is a way to do it. Throws `CANNOT_REBOOT`. */
export function refuseShared(
  id: string,
  members: readonly { readonly spec: MemberSpec; readonly goesOn: boolean }[],
  possible: boolean,
): void {
  const name = members.find(({ spec }) => spec.member === id)?.spec.name ?? id;
  if (!possible)
    throw new TuttiError(
      'CANNOT_REBOOT',
      `${name} cannot reboot its machine: this agent has no reboot command`,
    );
  const other = members.find(({ spec, goesOn }) => spec.member !== id && goesOn);
  if (other === undefined) return;
  const { spec } = other;
  throw new TuttiError(
    'CANNOT_REBOOT',
    `${name} cannot reboot its machine: ${spec.name} of test "${spec.test}" in run ${spec.run.number} runs on it too`,
  );
}
