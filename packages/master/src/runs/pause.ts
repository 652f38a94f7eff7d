/**
 * The pause of an attempt at its first failure: how long it lasts, and what time is meanwhile. Pure.
 *
 * While it lasts nothing of the attempt is stopped, and every deadline of the attempt stands still: each has when the pause
 * ends what it had left when it began. An attempt has one pause at most: who has looked at its failure is not asked again.
 *
 * Instants are master time: Unix ms.
 */
import { type PAUSE_ENDS, type PauseView, type StopReason, TuttiError } from '@tutti/protocol';
import type { TestRun, Trouble } from './model.ts';
import { present } from './report-values.ts';

export type PauseEnd = (typeof PAUSE_ENDS)[number];
/** What an operator can decide. */
export type Decision = Extract<PauseEnd, 'continue' | 'retry' | 'abort'>;

export interface Pause {
  /** What failed, as of then. */
  readonly cause: string;
  readonly since: number;
  /** When it ends unless somebody decides before. */
  readonly until: number;
  /** What ends the attempt after the pause, where that is no member's end. */
  readonly trouble?: { readonly trouble: Trouble; readonly reason: StopReason };
  /** Members that an operator had frozen, until their agents say that they go on. */
  frozen: readonly string[];
  ended?: number;
  how?: PauseEnd;
  /** Who decided, where that is known, and by which request. */
  by?: string;
  request?: string;
}

export function isPaused<P extends Pick<Pause, 'ended'>>(pause: P | undefined): pause is P {
  return pause !== undefined && pause.ended === undefined;
}

/** For how many ms between two instants time stood still. */
export function stoodStill(
  pause: Pick<Pause, 'since' | 'ended'> | undefined,
  from: number,
  to: number,
): number {
  if (pause === undefined) return 0;
  return Math.max(0, Math.min(pause.ended ?? to, to) - Math.max(from, pause.since));
}

/** Of several pauses beside each other: for how many ms at least one lasted. */
export function someStoodStill(
  pauses: readonly Pick<Pause, 'since' | 'ended'>[],
  from: number,
  to: number,
): number {
  let sum = 0;
  let counted = from;
  for (const pause of pauses.toSorted((a, b) => a.since - b.since)) {
    const begin = Math.max(counted, pause.since);
    const more = stoodStill(pause, begin, to);
    sum += more;
    if (more > 0) counted = begin + more;
  }
  return sum;
}

/** How many ms it lasts from now on if nobody decides. */
export function restOf(pause: Pick<Pause, 'until' | 'ended'> | undefined, now: number): number {
  return pause === undefined || pause.ended !== undefined ? 0 : Math.max(0, pause.until - now);
}

/**
 * Seconds until something is over that may take so long from when it began, if nobody ends the pause: what whoever times it
 * elsewhere has to be told.
 */
export function secondsLeft(
  { timeout, started }: { readonly timeout: number; readonly started: number },
  pause: Pause | undefined,
  now: number,
): number {
  const used = now - started - stoodStill(pause, started, now);
  return Math.max(0, timeout - used / 1000) + restOf(pause, now) / 1000;
}

/** How it ended, in a sentence; undefined while it lasts. */
export function endInWords({ how, by, since, until }: Pause): string | undefined {
  const who = by ?? 'an operator';
  const words: Record<PauseEnd, string> = {
    continue: `${who} had it go on`,
    retry: `${who} asked for another attempt`,
    abort: `${who} aborted the run`,
    deadline: `nobody decided within ${spanInWords(until - since)}`,
    cancelled: 'it ended with its test, which was ended by something else',
  };
  return how && words[how];
}

/** `15 min`, `90 s` */
function spanInWords(ms: number): string {
  return ms % 60_000 === 0 ? `${ms / 60_000} min` : `${Math.round(ms) / 1000} s`;
}

/** Of the last attempt at the test, if it lasts. */
export function pauseOf({ attempts, status }: TestRun): Pause | undefined {
  const pause = attempts.at(-1)?.pause;
  return status === undefined && isPaused(pause) ? pause : undefined;
}

export function pauseView({ cause, since, until, frozen }: Pause): PauseView {
  return { cause, since, until, ...present({ frozen: frozen.length === 0 ? undefined : [...frozen] }) };
}

/**
 * The paused test that is meant by a name, or by none; undefined where this very request has decided already. Throws
 * `NOT_PAUSED`.
 */
export function pausedNamed(
  run: { readonly number: number; readonly tests: readonly TestRun[] },
  name: string | undefined,
  request?: string,
): TestRun | undefined {
  const asked = run.tests.filter(({ spec }) => name === undefined || spec.name === name);
  const decided = (test: TestRun) => test.attempts.some(({ pause }) => pause?.request === request);
  if (request !== undefined && asked.some(decided)) return undefined;
  const paused = run.tests.filter((test) => pauseOf(test) !== undefined);
  const [found, ...more] = paused.filter((test) => asked.includes(test));
  if (found !== undefined && more.length === 0) return found;
  if (found !== undefined)
    throw new TuttiError(
      'NOT_PAUSED',
      `run ${run.number} has ${paused.length} paused tests: say which; there is ${some(paused)}`,
    );
  throw new TuttiError('NOT_PAUSED', whyNone(run.number, name, asked, paused));
}

function whyNone(
  run: number,
  name: string | undefined,
  asked: readonly TestRun[],
  paused: readonly TestRun[],
): string {
  const before = asked.flatMap(({ attempts }) => attempts.flatMap(({ pause }) => pause ?? [])).at(-1);
  const words = before && endInWords(before);
  const decided = words === undefined ? '' : `, not any more: ${words}`;
  if (name === undefined) return `no test of run ${run} is paused${decided}`;
  const there = paused.length === 0 ? '' : `; there is ${some(paused)}`;
  if (asked.length === 0) return `run ${run} has no test ${JSON.stringify(name)}${there}`;
  return `test ${JSON.stringify(name)} of run ${run} is not paused${decided}${there}`;
}

const LISTED = 5;

function some(tests: readonly TestRun[]): string {
  const names = tests.slice(0, LISTED).map(({ spec }) => spec.name);
  return `${names.join(', ')}${tests.length > LISTED ? ` and ${tests.length - LISTED} more` : ''}`;
}
