/**
 * Invariants: what has to hold from now on until the test ends, looked at again and again in the background. The first time that it
 * does not, the test has failed: it is ended, and told when that was.
 */
import { type Duration, inSeconds } from '../duration.ts';
import { TuttiError } from '../errors.ts';
import { stackFrom, withStack } from '../stack.ts';
import { type Condition, tryOnce } from './holds.ts';
import { type UnderWay, underWay } from './under-way.ts';
import { inWords, pause, secondsFor, within } from './wait.ts';

export interface AlwaysOptions {
  /** From the end of one look to the next. Default: 1 s. */
  every?: Duration | undefined;
  /** What it is called in messages. Default: the function's name. */
  name?: string | undefined;
}

export interface Watch {
  /** How often it was found to hold. */
  readonly checks: number;
  /** From now on it need not hold any more. */
  stop(): void;
}

/** A watch as the test has it that it belongs to. */
export interface OwnWatch extends Watch {
  /** Looks for the last time, or waits for the look that goes on; rejects if that finds it broken. */
  finish(): Promise<void>;
}

export class InvariantBroken extends TuttiError {
  /** Seconds since the test began. */
  readonly after: number;
  /** By this machine's clock. */
  readonly at: Date;

  constructor(message: string, after: number, at: Date, cause: unknown) {
    super('INVARIANT_BROKEN', message, { cause });
    this.name = 'InvariantBroken';
    this.after = after;
    this.at = at;
  }
}

/**
 * From now on until the test ends this has to hold: it neither throws nor gives something false (`undefined` holds). It is looked at
 * now, then again and again, and once more at the end.
 *
 * @throws TuttiError USAGE outside of a test
 */
export function always(condition: Condition, options: AlwaysOptions = {}): Watch {
  const test = underWay();
  if (test === undefined)
    throw new TuttiError('USAGE', 'always: there is no test under way, at whose end it would stop');
  return watch(test, condition, options, stackFrom(always));
}

function watch(test: UnderWay, condition: Condition, options: AlwaysOptions, from: () => string): Watch {
  const every = options.every === undefined ? 1 : inSeconds(options.every);
  const name = options.name ?? condition.name;
  const title = name === '' ? 'what was always to hold' : `"${name}"`;
  const stopped = new AbortController();
  const ending = AbortSignal.any([stopped.signal, test.abort.signal]);
  let checks = 0;

  const look = async (): Promise<void> => {
    const tried = await tryOnce(condition, ending);
    // What is cut short says nothing, and neither does what has been called off meanwhile.
    if (ending.aborted) return;
    if (tried.held) {
      checks += 1;
      return;
    }
    const after = (performance.now() - test.began) / 1000;
    const at = new Date();
    const when = `broke ${inWords(after)} after the test began (${at.toISOString()})`;
    const { words, cause } = tried.why;
    throw withStack(new InvariantBroken(`${title} ${when}: ${words}`, after, at, cause), from);
  };

  let looking: Promise<void> | undefined;
  const again = async (): Promise<void> => {
    while (!ending.aborted) {
      looking = look();
      try {
        await looking;
      } catch (error) {
        // What the lab does to a look that is cut short says nothing either.
        if (!ending.aborted) test.abort.abort(error);
        return;
      } finally {
        looking = undefined;
      }
      await pause(every, ending);
    }
  };
  const self: OwnWatch = {
    get checks() {
      return checks;
    },
    stop: () => {
      stopped.abort();
      test.watches.delete(self);
    },
    finish: async () => {
      const late = (): TuttiError => new TuttiError('TIMED_OUT', `${title}: the last look at it did not end`);
      if (!ending.aborted)
        await within(secondsFor(undefined), undefined, late, async () => looking ?? look());
    },
  };
  test.watches.add(self);
  void again();
  return self;
}
