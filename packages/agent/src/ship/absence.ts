/**
 * What becomes of members whose master has not been reached for long.
 *
 *   master away ──orphan──▶ members that run are stopped; directories beyond `keepBytes` go, oldest first ──keepFor──▶ all go
 *
 * The time is counted while this machine is up, across restarts of the agent and of the machine: nobody's wall clock can
 * make a master's absence longer than it was. Never removes what runs, nor anything while the master is there.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '@tutti/link';
import type { Members } from '../members/members.ts';
import { beyond } from '../members/retention.ts';
import {
  type Checkpoint,
  type Instant,
  readCheckpoint,
  since,
  writeCheckpoint,
} from '../system/checkpoint.ts';
import type { Log } from '../system/log.ts';
import { treeSize } from '../system/tree-size.ts';

export interface AbsenceOptions {
  readonly stateDir: string;
  readonly members: Pick<Members, 'busy' | 'presence' | 'stopAll' | 'idle'> & {
    forget(member: string): Promise<unknown>;
  };
  readonly clock: Clock;
  readonly bootId: string;
  readonly log: Log;
  /** Seconds. */
  readonly orphan: number;
  readonly keepFor: number;
  readonly keepBytes: number;
}

const LOOK_MS = 60_000;

export class Absence {
  readonly #options: AbsenceOptions;
  readonly #path: string;
  /** `span`: milliseconds that the master had been away by then. */
  #away: Checkpoint | undefined;
  /** Bytes, by member: what has ended does not grow. */
  readonly #sizes = new Map<string, number>();
  #cancel = () => {};
  #working: Promise<void> = Promise.resolve();

  constructor(options: AbsenceOptions) {
    this.#options = options;
    this.#path = join(options.stateDir, 'absence.json');
  }

  /** This process has not reached the master yet: an absence that an earlier one saw goes on. */
  resume(): void {
    this.#begin(readCheckpoint(this.#path)?.span ?? 0);
  }

  /** The session has ended. */
  begin(): void {
    if (this.#away === undefined) this.#begin(0);
  }

  /** The master is there. */
  end(): void {
    this.#cancel();
    this.#away = undefined;
    this.#sizes.clear();
    this.#work(() => rm(this.#path, { force: true }));
  }

  /** Nothing is done any more; how long it was is kept. */
  async close(): Promise<void> {
    this.#cancel();
    this.#keep();
    this.#away = undefined;
    await this.#working;
  }

  #begin(span: number): void {
    this.#away = { ...this.#now(), span };
    this.#look();
  }

  #look(): void {
    const away = this.#away;
    if (away === undefined) return;
    const { members, clock, orphan, keepFor, log } = this.#options;
    const span = away.span + since(away, this.#now());
    if (members.presence().length > 0) {
      this.#keep();
      if (span >= orphan * 1000 && members.busy) {
        log.warn(
          { away: Math.round(span / 1000) },
          'the master has not been reached for too long: members are stopped',
        );
        members.stopAll('orphaned');
      }
      if (span >= orphan * 1000) this.#work(() => this.#remove(span >= keepFor * 1000));
    }
    const next = [orphan, keepFor].map((seconds) => seconds * 1000 - span).filter((left) => left > 0);
    this.#cancel = clock.after(Math.min(LOOK_MS, ...next), () => this.#look());
  }

  /** Writes down how long it has been, for another agent process. */
  #keep(): void {
    const away = this.#away;
    if (away === undefined || this.#options.members.presence().length === 0) return;
    const span = away.span + since(away, this.#now());
    this.#work(() => writeCheckpoint(this.#path, { ...this.#now(), span }));
  }

  async #remove(all: boolean): Promise<void> {
    const { members, keepBytes, log } = this.#options;
    const idle = await members.idle();
    const kept = [];
    for (const { member, dir } of idle) {
      if (!all && !this.#sizes.has(member)) this.#sizes.set(member, await treeSize(dir));
      kept.push({ member, bytes: this.#sizes.get(member) ?? 0 });
    }
    const going = all ? idle.map(({ member }) => member) : beyond(kept, keepBytes);
    for (const member of going) {
      // It may have come back while this went on.
      if (this.#away === undefined) return;
      log.warn({ member }, 'a member directory is removed: its master has not come for it');
      await members.forget(member);
      this.#sizes.delete(member);
    }
  }

  #now(): Instant {
    return { boot: this.#options.bootId, at: this.#options.clock.monotonicMs() };
  }

  /** One thing after the other. */
  #work(work: () => Promise<void>): void {
    this.#working = this.#working.then(work).catch((thrown: unknown) => {
      this.#options.log.warn({ err: thrown }, 'the absence of the master');
    });
  }
}
