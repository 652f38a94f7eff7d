/** The ends of members, for whoever waits for one. */
import type { MemberEnd } from '@tutti/protocol';

export class Ends {
  readonly #waiting = new Map<string, ((end: MemberEnd) => void)[]>();
  readonly #known: (member: string) => MemberEnd | undefined;

  /** `known` gives the end of a member that has ended already. */
  constructor(known: (member: string) => MemberEnd | undefined) {
    this.#known = known;
  }

  tell(member: string, end: MemberEnd): void {
    for (const resolve of this.#waiting.get(member) ?? []) resolve(end);
    this.#waiting.delete(member);
  }

  of(member: string): Promise<MemberEnd> {
    const end = this.#known(member);
    if (end) return Promise.resolve(end);
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(member);
      if (waiting) waiting.push(resolve);
      else this.#waiting.set(member, [resolve]);
    });
  }

  /** Nobody will ask about it any more. */
  drop(member: string): void {
    this.#waiting.delete(member);
  }
}
