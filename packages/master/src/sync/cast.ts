/**
 * Who takes part in a sync space, and who can no longer: the one source of every "missing … on …" sentence.
 * Pure.
 */
import { TuttiError } from '@tutti/protocol';

export interface Player {
  /** `client.0` */
  readonly name: string;
  readonly role: string;
  readonly node: string;
}

/** More names than this are counted, not listed. */
const LISTED = 5;

export class Cast {
  readonly #players = new Map<string, Player>();
  readonly #roles = new Map<string, string[]>();
  readonly #gone = new Map<string, string>();
  readonly #lost = new Set<string>();

  constructor(players: Iterable<Player>) {
    for (const player of players) {
      this.#players.set(player.name, player);
      const names = this.#roles.get(player.role);
      if (names) names.push(player.name);
      else this.#roles.set(player.role, [player.name]);
    }
  }

  get size(): number {
    return this.#players.size;
  }

  get goneCount(): number {
    return this.#gone.size;
  }

  has(name: string): boolean {
    return this.#players.has(name);
  }

  names(): IterableIterator<string> {
    return this.#players.keys();
  }

  /** The member has ended, or is `lost`; `how` completes the sentence "client.1 on n3: …". The first word stands. */
  leave(name: string, how: string, lost = false): void {
    if (this.#gone.has(name)) return;
    this.#gone.set(name, how);
    if (lost) this.#lost.add(name);
  }

  isGone(name: string): boolean {
    return this.#gone.has(name);
  }

  /** Gone without having been seen to end: it may still be at work. */
  isLost(name: string): boolean {
    return this.#lost.has(name);
  }

  goneNames(): IterableIterator<string> {
    return this.#gone.keys();
  }

  /** Members of a role, or an error that lists the roles there are. */
  role(role: string): string[] {
    const names = this.#roles.get(role);
    if (names) return names;
    throw new TuttiError(
      'BAD_PARTICIPANTS',
      `the test has no role "${role}"; its roles are ${[...this.#roles.keys()].join(', ')}`,
    );
  }

  /** A member by full name, or by role alone where the role has one member. */
  resolve(text: string): string {
    if (this.#players.has(text)) return text;
    const names = this.#roles.get(text);
    if (names?.length === 1 && names[0] !== undefined) return names[0];
    const hint = names
      ? `role "${text}" has ${names.length} members: say which, for example ${names[0]}`
      : `the test has ${this.some(this.names())}`;
    throw new TuttiError('BAD_PARTICIPANTS', `no member "${text}"; ${hint}`);
  }

  /** `client.1 on n3` */
  where(name: string): string {
    const player = this.#players.get(name);
    return player ? `${name} on ${player.node}` : name;
  }

  /** `client.1 on n3: exited with status 1`, or `…: running`. */
  describe(name: string): string {
    return `${this.where(name)}: ${this.#gone.get(name) ?? 'running'}`;
  }

  /** The missing in one phrase: those who can no longer come first, each with its fate. */
  describeMissing(names: Iterable<string>): string {
    const sorted = [...names].toSorted((a, b) => Number(this.isGone(b)) - Number(this.isGone(a)));
    return listed(sorted, (name) => this.describe(name), '; ');
  }

  some(names: Iterable<string>): string {
    return listed([...names], (name) => name, ', ');
  }
}

function listed(names: string[], show: (name: string) => string, separator: string): string {
  const shown = names.slice(0, LISTED).map(show).join(separator);
  return names.length > LISTED ? `${shown}${separator}and ${names.length - LISTED} more` : shown;
}
