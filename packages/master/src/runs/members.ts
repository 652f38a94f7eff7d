/** Members that are under way, by id: where what agents say about a member finds the attempt it belongs to. */
import { type MemberEnd, TuttiError } from '@tutti/protocol';
import type { MemberFiles } from '../logs/member-files.ts';

export interface Collected {
  skipped: { path: string; why: string }[];
  links: { path: string; target: string }[];
}

export interface LiveMember {
  readonly id: string;
  /** `client.0` */
  readonly name: string;
  readonly attempt: string;
  readonly node: string;
  readonly files: MemberFiles;
  /** The agent has made it and still owes something of it, its end or its files: so it must know it. */
  readonly owed: boolean;
  /** Given up: its agent shall end it. */
  readonly lost: boolean;
  end(end: MemberEnd): void;
  collected(collected: Collected): Promise<void>;
  /** Its agent came back without a trace of it. */
  vanished(): void;
}

export class LiveMembers {
  readonly #members = new Map<string, LiveMember>();

  add(member: LiveMember): void {
    this.#members.set(member.id, member);
  }

  delete(id: string): void {
    this.#members.delete(id);
  }

  find(id: string): LiveMember | undefined {
    return this.#members.get(id);
  }

  /** The member, if it is under way on this node. Throws `NO_SUCH_MEMBER`. */
  on(node: string, id: string): LiveMember {
    const member = this.#members.get(id);
    if (member === undefined || member.node !== node) {
      throw new TuttiError('NO_SUCH_MEMBER', `member ${id.slice(0, 8)} is not under way on ${node}`);
    }
    return member;
  }

  onNode(node: string): LiveMember[] {
    const found: LiveMember[] = [];
    // Asked at every hello, so without a copy of all; no index either, since a node may come back under another name.
    for (const member of this.#members.values()) if (member.node === node) found.push(member);
    return found;
  }

  get size(): number {
    return this.#members.size;
  }
}
