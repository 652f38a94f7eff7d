/** Members that are under way, by id: where what agents say about a member finds the attempt it belongs to. */
import {
  type MemberEnd,
  type MemberPresence,
  type NodeArgs,
  type NodeResult,
  type NodeVerb,
  type RebootPlan,
  TuttiError,
} from '@tutti/protocol';
import type { MemberFiles } from '../logs/member-files.ts';

export interface Collected {
  skipped: { path: string; why: string }[];
  links: { path: string; target: string }[];
}

/** A node as an object: it keeps its members when it comes back under another name. */
export interface Machine {
  readonly name: string;
}

/** What a driver asks for on the machine of `on`, once for each request. */
export interface DriveCall<V extends NodeVerb> {
  readonly request: string;
  /** `db.0` */
  readonly on: string;
  readonly args: NodeArgs<V>;
}

export type Drive<By> = <V extends NodeVerb>(
  by: By,
  verb: V,
  call: DriveCall<V>,
  signal: AbortSignal,
) => Promise<NodeResult<V>>;

/** A member, or a command on the machine of one: agents do not tell them apart. */
export interface LiveMember {
  readonly id: string;
  /** `client.0`, `client.0/cmd-3` */
  readonly name: string;
  readonly attempt: string;
  readonly node: string;
  readonly machine: Machine;
  readonly files: MemberFiles;
  /** The agent has made it and still owes something of it, its end or its files: so it must know it. */
  readonly owed: boolean;
  /** All it left is here. */
  readonly complete: boolean;
  /** Given up: its agent shall end it. */
  readonly lost: boolean;
  end(end: MemberEnd): Promise<void>;
  collected(collected: Collected): Promise<void>;
  /** It has announced that its machine will reboot. */
  rebooting(incarnation: number, plan: RebootPlan): Promise<void>;
  /** Has the machine of another member rebooted (`client.0`); resolves when that one's agent has announced it. */
  rebootOther(request: string, other: string, timeout: number): Promise<void>;
  /** Gives its test so many seconds more, once for each request; resolves with the seconds that are left. */
  extend(request: string, seconds: number): Promise<number>;
  /** Its script asks for something on the machine of another member of its test. Throws `NOT_A_DRIVER`. */
  drive<V extends NodeVerb>(verb: V, call: DriveCall<V>, signal: AbortSignal): Promise<NodeResult<V>>;
  /** Its agent has connected, and this is what it has of it. */
  present(presence: MemberPresence): void;
  /** Its agent came back without a trace of it. */
  vanished(): void;
}

export class LiveMembers {
  readonly #members = new Map<string, LiveMember>();
  readonly #byMachine = new Map<Machine, Set<LiveMember>>();

  add(member: LiveMember): void {
    this.delete(member.id);
    this.#members.set(member.id, member);
    const others = this.#byMachine.get(member.machine);
    if (others) others.add(member);
    else this.#byMachine.set(member.machine, new Set([member]));
  }

  delete(id: string): void {
    const member = this.#members.get(id);
    if (member === undefined) return;
    this.#members.delete(id);
    const others = this.#byMachine.get(member.machine);
    others?.delete(member);
    if (others?.size === 0) this.#byMachine.delete(member.machine);
  }

  find(id: string): LiveMember | undefined {
    return this.#members.get(id);
  }

  /** The member, if it is under way on this node. Throws `NO_SUCH_MEMBER`. */
  on(machine: Machine, id: string): LiveMember {
    const member = this.#members.get(id);
    if (member === undefined || member.machine !== machine) {
      throw new TuttiError('NO_SUCH_MEMBER', `member ${id.slice(0, 8)} is not under way on ${machine.name}`);
    }
    return member;
  }

  /** Asked at every hello, of thousands of agents at once: so it must not look at all members. */
  onNode(machine: Machine): LiveMember[] {
    return [...(this.#byMachine.get(machine) ?? [])];
  }

  get size(): number {
    return this.#members.size;
  }
}
