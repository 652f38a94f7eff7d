/** What every run of one master shares, and how the others hear of it. */
import type { Logger } from '@tutti/link';
import type { Registry } from '../agents/registry.ts';
import type { MachineCare } from '../machines/machine-care.ts';
import type { MasterClock } from '../master-clock.ts';
import type { Settings } from '../scheduler/pass.ts';
import type { RunDirectories } from '../store/run-directories.ts';
import type { Store } from '../store/store.ts';
import type { AttemptFactory } from './attempt-factory.ts';
import type { Run } from './model.ts';

export interface RunDeps {
  clock: MasterClock;
  registry: Registry;
  directories: RunDirectories;
  attempts: AttemptFactory;
  store: Store;
  /** Prepares and releases machines. */
  care: MachineCare;
  /** How they are given out. */
  settings: Settings;
  /** Throws when there is no room for new runs. */
  requireRoom: () => Promise<void>;
  log: Logger;
}

/** What a client hears of a run: the positions of the tests that changed. The run as a whole may have changed too. */
export type RunListener = (change: { run: Run; tests: readonly number[] }) => void;
