/**
 * What tells one thing that is supervised from another: what it runs, and what serves it meanwhile. Supervision asks for it at
 * the right moments; see `Supervised`.
 */
import type { Exit } from '@tutti/protocol';
import type { Masks } from '../secrets/masks.ts';
import type { StartRecord } from './start-record.ts';

export abstract class Work {
  /** What must not be seen of its secrets. */
  abstract get masks(): Masks;

  /** What must be there before anything else. */
  protected async makeReady(): Promise<void> {}

  /** The words to be run, when all that they need is there; not asked of what is idle. */
  protected abstract command(): Promise<readonly string[]>;

  protected abstract environment(record: StartRecord): Record<string, string>;

  /** A descriptor that it reads from; undefined: there is nothing to read. */
  protected get stdin(): number | undefined {
    return undefined;
  }

  /** Where its local socket is to be, if it has one of its own. */
  protected socketPath(_before: StartRecord | undefined): string | undefined {
    return undefined;
  }

  /** Whatever serves it while it runs: before its start, and when it is adopted. */
  protected async open(_record: StartRecord): Promise<void> {}

  /** Before its end is measured: nothing serves it any more. */
  protected async closing(): Promise<void> {}

  /** The agent leaves it; nothing is waited for. */
  protected async leaving(): Promise<void> {}

  /** Nothing is run: it is there until it is stopped, and has ended well then. */
  protected get idle(): boolean {
    return false;
  }

  /** What the script leaves running lives on. */
  protected get outlives(): boolean {
    return false;
  }

  /** A reboot was announced: what the script exits with means nothing. */
  protected get announced(): boolean {
    return false;
  }

  /** Nothing of it lives any more, and its machine is to go down; says `not-rebooted` when it does not. */
  protected abstract goDown(): Promise<void>;

  /** As its master is told. */
  protected toldExit(exit: Exit): Exit {
    return exit;
  }

  /** Nothing is timed any more. */
  protected released(): void {}
}
