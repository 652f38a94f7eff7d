/** Repeating until it holds: for what no machine can tell of by itself. */
import { type Duration, inSeconds } from '../duration.ts';
import { TuttiError } from '../errors.ts';
import { atCaller } from './failures/at-caller.ts';
import { type Condition, tryOnce, type Why } from './holds.ts';
import { inWords, pause, secondsFor, type WaitOptions, within } from './wait.ts';

export interface UntilOptions extends WaitOptions {
  /** From the end of one try to the next. Default: 1 s. */
  every?: Duration | undefined;
  /** What it is called in messages. */
  name?: string | undefined;
}

/**
 * Repeats the function until it holds: it neither throws nor gives something false (`undefined` holds). Returns what it gave. It
 * is passed a signal that aborts when there is no time left.
 *
 * @throws TuttiError TIMED_OUT, with what the last try said as its cause; CANCELLED; what says that the lab is broken, at once
 */
export async function until<T>(condition: Condition<T>, options: UntilOptions = {}): Promise<T> {
  return atCaller(() => repeat(condition, { name: condition.name, ...options }));
}

export async function repeat<T>(condition: Condition<T>, options: UntilOptions): Promise<T> {
  const seconds = secondsFor(options.timeout);
  const every = options.every === undefined ? 1 : inSeconds(options.every);
  const title = options.name === undefined || options.name === '' ? 'until' : `until ${options.name}`;
  let tries = 0;
  let last: Why | undefined;
  const late = (): TuttiError => {
    const said = last === undefined ? 'the first one did not end' : `the last time: ${last.words}`;
    const times = tries === 1 ? 'once' : `${tries} times`;
    const message = `${title}: did not hold within ${inWords(seconds ?? 0)}, tried ${times}; ${said}`;
    return new TuttiError('TIMED_OUT', message, last && { cause: last.cause });
  };
  return within(seconds, options.signal, late, async (signal) => {
    for (;;) {
      tries += 1;
      const tried = await tryOnce(condition, signal);
      if (tried.held) return tried.value;
      signal.throwIfAborted(); // what it said then is that it was cut short
      last = tried.why;
      await pause(every, signal);
      signal.throwIfAborted();
    }
  });
}
