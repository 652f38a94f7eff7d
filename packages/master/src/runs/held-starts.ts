/**
 * The members of an attempt whose role starts after another: held back until all members of that one have said so.
 *
 * Guarantees: each is started at most once, and only when that is durable, so that the next master starts nobody that need not be
 * started; one that can never start ends at once, naming who is to blame. What was said is read from the logs, so it counts
 * whoever was restarted meanwhile.
 */
import type { RoleSpec } from '@tutti/protocol';
import type { MemberUnderWay } from './live-member.ts';
import { type Awaited, type StartRule, startRule } from './start-order.ts';
import { describeEnd } from './verdict.ts';

export class HeldStarts {
  readonly #after: ReadonlyMap<string, string>;
  readonly #members: readonly MemberUnderWay[];
  readonly #start: (member: MemberUnderWay) => void;

  /** `start` is told of each member once, when its turn has come. */
  constructor(
    roles: readonly RoleSpec[],
    members: readonly MemberUnderWay[],
    start: (member: MemberUnderWay) => void,
  ) {
    this.#after = new Map(
      roles.flatMap(({ name, startAfter }) =>
        startAfter === undefined ? [] : [[name, startAfter] as const],
      ),
    );
    this.#members = members;
    this.#start = start;
  }

  /** It waits for its turn. */
  holds({ model }: MemberUnderWay): boolean {
    return this.#after.has(model.role) && model.state !== 'running' && model.state !== 'ended';
  }

  /** Something was said, or somebody has ended. */
  consider(): void {
    if (this.#after.size === 0) return;
    for (const member of this.#members) {
      if (!this.holds(member)) continue;
      const rule = this.#rule(member);
      if (rule.rule === 'start') {
        // Now, so that it is told once.
        member.model.state = 'running';
        this.#start(member);
      } else if (rule.rule === 'never') member.neverStart(rule.cause, rule.because);
    }
  }

  /** What an earlier master had read; `consider` is told of it. */
  async recall(): Promise<void> {
    const awaited = new Set(this.#after.values());
    const members = this.#members.filter(({ model }) => awaited.has(model.role));
    // What cannot be read is tried again when its agent sends more, or at the end.
    await Promise.all(members.map(({ files }) => files.said.recall().catch(() => undefined)));
    this.consider();
  }

  /** Who is held back, and what for, each in a sentence. */
  inWords(): string[] {
    return this.#members.flatMap((member) => {
      if (!this.holds(member)) return [];
      const rule = this.#rule(member);
      if (rule.rule !== 'wait') return [];
      const [first, ...others] = rule.missing;
      const missing = others.length === 0 ? first : `${first} and ${others.length} more`;
      return [
        `${member.name} on ${member.node} has not started: it waits for \`tutti mark started\` of ${missing}`,
      ];
    });
  }

  #rule({ model }: MemberUnderWay): StartRule {
    const after = this.#after.get(model.role) ?? '';
    return startRule(
      after,
      this.#members.filter((other) => other.model.role === after).map((other) => asAwaited(other)),
    );
  }
}

function asAwaited({ name, node, model, files }: MemberUnderWay): Awaited {
  const { end, lost, verdict, state } = model;
  const how = lost ?? (end ? describeEnd(end) : verdict?.cause);
  // What it said last may still be on its way.
  const all = lost !== undefined || end === undefined || files.said.isComplete(end);
  return {
    name,
    node,
    started: files.said.started,
    ended: state === 'ended' && all ? (how ?? 'ended') : undefined,
  };
}
