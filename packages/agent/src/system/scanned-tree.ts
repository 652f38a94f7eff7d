/**
 * A member's processes found by going through /proc: the way where there is no cgroup.
 *
 * A process belongs to the member when it is the script, descends from one that belongs, is in the wrapper's session, or
 * carries the member's directory in its environment. The wrapper and its relays are left out: they are known by the
 * life lines they hold, which the script never has. Does not find a daemon that has left the session, lost its parent and
 * cleared its environment.
 */
import { setTimeout as delay } from 'node:timers/promises';
import {
  descriptor,
  environmentHolds,
  isAlive,
  listProcesses,
  type ProcessId,
  type ProcessStat,
  signal,
} from './proc.ts';
import type { ProcessTree } from './process-tree.ts';

/** The kernel tells nobody about processes that are not its children, so this way has to look. */
const LOOK_MS = 20;

export interface ScanHints {
  /** A text that the environment of all the member's processes holds. */
  readonly mark: string;
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

  async count(): Promise<number> {
    return this.scan().length;
  }

  async gone(abort: AbortSignal): Promise<void> {
    for (;;) {
      abort.throwIfAborted();
      const left = this.scan();
      if (left.length === 0) return;
      if (this.#killing) for (const id of left) signal(id, 'SIGKILL');
      await delay(LOOK_MS, undefined, { signal: abort });
    }
  }

  async remove(): Promise<boolean> {
    return true;
  }

  scan(): ProcessStat[] {
    const all = listProcesses().filter((each) => each.pid !== process.pid && !this.#isOurs(each.pid));
    const found = new Set<ProcessStat>();
    for (const each of all) {
      if (this.#known.get(each.pid) === each.start || this.#belongs(each)) found.add(each);
    }
    for (let before = -1; before !== found.size; ) {
      before = found.size;
      const pids = new Set([...found].map((each) => each.pid));
      const sessions = new Set(
        [...found].map((each) => each.session).filter((session) => session === this.#hints.wrapper()?.pid),
      );
      for (const each of all) {
        if (pids.has(each.parent) || sessions.has(each.session)) found.add(each);
      }
    }
    for (const each of found) this.#known.set(each.pid, each.start);
    return [...found];
  }

  #isOurs(pid: number): boolean {
    const [alive, drained] = this.#hints.lifeLines;
    return descriptor(pid, 3) === alive || descriptor(pid, 4) === drained;
  }

  #belongs(each: ProcessStat): boolean {
    const script = this.#hints.script();
    if (script !== undefined && script.pid === each.pid) return script.start === each.start;
    const wrapper = this.#hints.wrapper();
    if (wrapper !== undefined) {
      if (each.start < wrapper.start) return false;
      if (each.session === wrapper.pid && this.#sessionIsOurs(wrapper, each)) return true;
    }
    return environmentHolds(each.pid, this.#hints.mark);
  }

  #sessionIsOurs(wrapper: ProcessId, each: ProcessStat): boolean {
    if (isAlive(wrapper)) return true;
    const end = this.#hints.wrapperGoneAt();
    return end !== undefined && each.start <= end;
  }
}
