/**
 * A member's processes found by going through /proc: the way where there is no cgroup.
 *
 * A process belongs to the member when it is the script, descends from one that belongs, is in the wrapper's session, or
 * carries the member's directory in its environment. The wrapper and its relays are left out: they are known by the
 * life lines they hold, which the script never has. Does not find a daemon that has left the session, lost its parent and
 * cleared its environment.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { isAlive, type ProcessId, type ProcessStat } from '@tutti/link';
import { descriptor, environmentHolds, listProcesses, signal } from './proc.ts';
import { continueAll, type ProcessTree, stopAll } from './process-tree.ts';

// The kernel tells nobody about processes that are not its children, so this way has to look.
const FIRST_LOOK_MS = 10;
const LAST_LOOK_MS = 100;

export interface ScanHints {
  /** A text that the environment of all the member's processes holds. */
  readonly mark: string;
  /** A text that the environment of processes holds which are somebody else's, though they carry the mark as well. */
  readonly notMark?: string | undefined;
  /** The FIFOs on descriptor 3 of the wrapper and 4 of the relays. */
  readonly lifeLines: readonly [string, string];
  /** The script's own process, once known. */
  script(): ProcessId | undefined;
  /** The wrapper: its process id is the session's number. */
  wrapper(): ProcessId | undefined;
  /** Ticks since boot when the wrapper was seen gone; a session with its number that began later is another one. */
  wrapperGoneAt(): number | undefined;
}

export class ScannedTree implements ProcessTree {
  readonly #hints: ScanHints;
  /** Everything ever found: proves a session to be the member's while one of these lives in it. */
  readonly #known = new Map<number, number>();
  #killing = false;

  constructor(hints: ScanHints) {
    this.#hints = hints;
  }

  async list(): Promise<ProcessId[]> {
    return this.scan();
  }

  async terminate(): Promise<void> {
    for (const id of this.scan()) {
      signal(id, 'SIGTERM');
      signal(id, 'SIGCONT');
    }
  }

  async kill(): Promise<void> {
    this.#killing = true;
    for (const id of this.scan()) signal(id, 'SIGKILL');
  }

  async freeze(): Promise<void> {
    await stopAll(() => this.list());
  }

  async thaw(): Promise<void> {
    await continueAll(() => this.list());
  }

  async count(): Promise<number> {
    return this.scan().length;
  }

  async gone(abort: AbortSignal): Promise<void> {
    for (let pause = FIRST_LOOK_MS; ; pause = Math.min(2 * pause, LAST_LOOK_MS)) {
      abort.throwIfAborted();
      const left = this.scan();
      if (left.length === 0) return;
      if (this.#killing) for (const id of left) signal(id, 'SIGKILL');
      await delay(pause, undefined, { signal: abort });
    }
  }

  async remove(): Promise<boolean> {
    return true;
  }

  scan(): ProcessStat[] {
    const script = this.#hints.script();
    const wrapper = this.#hints.wrapper();
    const sessionEnd = wrapper === undefined ? 0 : this.#sessionEnd(wrapper);
    // What is older than the wrapper is nothing of the member's; this spares a look into most processes of a machine.
    const young = listProcesses().filter(
      (each) => each.start >= (wrapper?.start ?? 0) && each.pid !== process.pid,
    );
    const all = young.filter((each) => !this.#isOurs(each.pid));
    const found = new Set<ProcessStat>();
    for (const each of all) {
      const known = this.#known.get(each.pid) === each.start;
      const isScript = script?.pid === each.pid && script.start === each.start;
      const inSession = wrapper?.pid === each.session && each.start <= sessionEnd;
      if (known || isScript || inSession || this.#isMarked(each.pid)) found.add(each);
    }
    for (let before = -1; before !== found.size; ) {
      before = found.size;
      const pids = new Set([...found].map((each) => each.pid));
      // As long as one of the member's processes is in it, the session is still the member's.
      const session = [...found].some((each) => each.session === wrapper?.pid) ? wrapper?.pid : undefined;
      for (const each of all) if (pids.has(each.parent) || each.session === session) found.add(each);
    }
    for (const each of found) this.#known.set(each.pid, each.start);
    return [...found];
  }

  #isMarked(pid: number): boolean {
    const { mark, notMark } = this.#hints;
    return environmentHolds(pid, mark) && (notMark === undefined || !environmentHolds(pid, notMark));
  }

  #isOurs(pid: number): boolean {
    const [alive, drained] = this.#hints.lifeLines;
    return descriptor(pid, 3) === alive || descriptor(pid, 4) === drained;
  }

  /** Ticks since boot up to which a process of the wrapper's session surely began in it, and not in a later one. */
  #sessionEnd(wrapper: ProcessId): number {
    return isAlive(wrapper) ? Number.POSITIVE_INFINITY : (this.#hints.wrapperGoneAt() ?? 0);
  }
}
