/**
 * Who takes part in a sync space, and who can no longer: the one source of every "missing … on …" sentence.
 * Pure.
 */
import { TuttiError } from '@tutti/protocol';

export interface Player {
  /** `client.0`; in the space of a run `test/client.0` */
  readonly name: string;
  readonly role: string;
  readonly node: string;
  /** It runs no script: nobody waits for it at a barrier that does not name it. */
  readonly driven?: true;
}

/** Whose space it is: that of one test, or the one that all tests of a run share. */
export type Whole = 'test' | 'run';

/** More names than this are counted, not listed. */
const LISTED = 5;

export class Cast {
  readonly #players = new Map<string, Player>();
  readonly #roles = new Map<string, string[]>();
  readonly #gone = new Map<string, string>();
  readonly #lost = new Set<string>();
  readonly of: Whole;
  #driven = 0;
  #mayGrow: boolean;

  constructor(players: Iterable<Player>, of: Whole = 'test') {
    this.of = of;
    this.#mayGrow = of === 'run';
    for (const player of players) this.#add(player);
  }

  /** Members of another test have come; who is there already stays as it is. `more`: others may come after them. */
  join(players: Iterable<Player>, more: boolean): void {
    this.#mayGrow = more;
    for (const player of players) if (!this.#players.has(player.name)) this.#add(player);
  }

  /** Members that nobody knows of yet may come. */
  get mayGrow(): boolean {
    return this.#mayGrow;
  }

  /** Some member other than this one has not left, or may come. */
  someoneBeside(name: string): boolean {
    return this.#mayGrow || this.size - this.goneCount > (this.isGone(name) ? 0 : 1);
  }

  get size(): number {
    return this.#players.size;
  }

  /** Who takes part in a barrier that names nobody: all members that run a script. */
  scripted(): string[] {
    return [...this.#players.values()].filter(({ driven }) => driven !== true).map(({ name }) => name);
  }

  get scriptedCount(): number {
    return this.size - this.#driven;
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

  /** Who has left, the likeliest cause of a break first: of a test who left first, of a run, whose tests come and go, last. */
  goneNames(): string[] {
    const names = [...this.#gone.keys()];
    return this.of === 'run' ? names.toReversed() : names;
  }

  /** `the test`, `the run` */
  get words(): string {
    return `the ${this.of}`;
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
      : `${this.words} has ${this.some(this.names())}`;
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
    const missing = new Set(names);
    const gone = this.goneNames().filter((name) => missing.has(name));
    const others = [...missing].filter((name) => !this.isGone(name));
    return listed([...gone, ...others], (name) => this.describe(name), '; ');
  }

  some(names: Iterable<string>): string {
    return listed([...names], (name) => name, ', ');
  }

  #add(player: Player): void {
    this.#players.set(player.name, player);
    if (player.driven === true) this.#driven += 1;
    const names = this.#roles.get(player.role);
    if (names) names.push(player.name);
    else this.#roles.set(player.role, [player.name]);
  }
}

function listed(names: string[], show: (name: string) => string, separator: string): string {
  const shown = names.slice(0, LISTED).map(show).join(separator);
  return names.length > LISTED ? `${shown}${separator}and ${names.length - LISTED} more` : shown;
}
