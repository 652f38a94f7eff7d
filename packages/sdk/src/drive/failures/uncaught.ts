/**
 * What nobody caught: thrown outside of a test, rejected and never awaited, or a driver that cannot even be read. It is told as
 * any failure is, and the process ends with its status.
 */
import { exitStatus, type Outcome, outcomeOf } from './classify.ts';
import { presented } from './present.ts';

type Handler = (error: unknown) => void;

/** In the process, not in the module: the agent's preload has a copy of this module of its own. */
const KEY = Symbol.for('tutti.uncaught');
const ofProcess = globalThis as { [KEY]?: { handle: Handler } };

export function catchUncaught(handle: Handler): void {
  const installed = ofProcess[KEY];
  if (installed !== undefined) {
    installed.handle = handle;
    return;
  }
  const held = { handle };
  ofProcess[KEY] = held;
  process.on('uncaughtException', (error) => held.handle(error));
}

export function endWith(title: string, error: unknown): never {
  tell(title, error);
  leave([outcomeOf(error)]);
}

/** Ends the process with what the tests came to. */
export function leave(outcomes: readonly Outcome[]): never {
  process.exit(exitStatus(outcomes));
}

export function tell(title: string, error: unknown): void {
  // Synchronously for files and pipes: it is written when this returns.
  process.stderr.write(`${presented(title, error)}\n`);
}
