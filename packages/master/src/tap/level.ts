/** One document of TAP, or one nested in it: its plan, the numbers that came, and what is wrong with them. */
import { SeenNumbers } from './seen-numbers.ts';

export class Level {
  readonly indent: number;
  parent: Level | undefined;
  /** What its test point in the parent is called; a comment may say it before. */
  name: string | undefined;
  /** It was begun by a version line, KTAP's or TAP's. */
  version: 'ktap' | 'tap' | undefined;
  /** What its test point in the parent says of its failures: they are expected, or do not count. */
  excuse: string | undefined;
  plan: { readonly count: number; readonly reason?: string } | undefined;
  secondPlan = false;
  numbers = new SeenNumbers();
  /** Comments since the last test point, for the one that follows. */
  comments: string[] = [];

  constructor(indent: number, parent?: Level, name?: string) {
    this.indent = indent;
    this.parent = parent;
    this.name = name;
  }

  /** Nothing that counts has come. */
  get fresh(): boolean {
    return this.plan === undefined && this.numbers.count === 0;
  }

  /** Its subtests still name it; what was needed to judge it is not needed any more. */
  close(): void {
    this.numbers = new SeenNumbers();
    this.comments = [];
  }

  get depth(): number {
    return this.parent === undefined ? 0 : this.parent.depth + 1;
  }

  get isKtap(): boolean {
    return this.version === 'ktap' || (this.version === undefined && this.parent?.isKtap === true);
  }

  /** All that was planned has come. */
  get fulfilled(): boolean {
    return this.plan !== undefined && this.numbers.count >= this.plan.count;
  }

  /** What is wrong with plan and numbers, in a sentence. `complete`: nothing more was to come. */
  problem(complete: boolean): string | undefined {
    const { plan, numbers } = this;
    if (this.secondPlan) return 'there are two plans';
    if (numbers.repeated !== undefined) return `test ${numbers.repeated} came twice`;
    if (plan === undefined) {
      if (!complete || this.parent !== undefined || this.isKtap || numbers.count === 0) return undefined;
      return `there is no plan ("1..${numbers.count}"), so whether all tests came is not known`;
    }
    if (numbers.highest > plan.count) return `${planned(plan.count)}, and test ${numbers.highest} came`;
    const missing = numbers.missing(plan.count);
    if (!complete || missing.count === 0) return undefined;
    const which = missing.first.join(', ') + (missing.count > missing.first.length ? ', …' : '');
    return `${planned(plan.count)}, ${missing.count} ${missing.count === 1 ? 'is' : 'are'} missing${missing.first.length > 0 ? `: ${which}` : ''}`;
  }
}

function planned(count: number): string {
  if (count === 0) return 'no tests were planned';
  return count === 1 ? '1 test was planned' : `${count} tests were planned`;
}
