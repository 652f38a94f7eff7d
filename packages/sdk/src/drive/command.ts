/**
 * Commands on other members' machines: run to their end, or started and left running.
 *
 * A command has an end that is known: whoever waits for it gives up by stopping it. What was started and never waited for ends
 * with the driver.
 */
import type { Duration } from '../duration.ts';
import { TuttiError } from '../errors.ts';
import { signalOfTest } from '../test-signal.ts';
import { ask, askWithin, type Place, shown } from './call.ts';
import {
  type Command,
  CommandFailed,
  type CommandResult,
  type Ended,
  failureOf,
  quoted,
  readEnd,
} from './command-end.ts';
import { inWords, pause, secondsFor, type WaitOptions, within } from './wait.ts';

export interface StartOptions extends WaitOptions {
  /** It is stopped then. Default: for `run` the test's remaining time less 2 s, for `start` the test's. */
  timeout?: Duration | undefined;
  env?: Readonly<Record<string, string>> | undefined;
  /** Where it starts; a relative one from the member's directory, which is the default. */
  cwd?: string | undefined;
}

export interface RunOptions extends StartOptions {
  /** What it is called in messages and in the report. Default: the beginning of the command. */
  name?: string | undefined;
  /** `false`: a failure is not thrown, but returned. Default: true. */
  check?: boolean | undefined;
}

export interface Started {
  /** What the master calls it. */
  readonly id: string;
  readonly number: number;
  readonly place: Place;
  readonly command: Command;
}

/** The stop ladder, and time to hear of its end. */
const STOPPING_SECONDS = 10;

/** Neither signal nor deadline is given to the request itself: what may have been started is to be known, so that it can be stopped. */
async function startOn(
  place: Place,
  command: Command,
  options: StartOptions & { name?: string | undefined },
  seconds: number | undefined,
): Promise<Started> {
  const { name, env, cwd } = options;
  const title = `${quoted(command)} on ${shown(place)}`;
  const args = { command, name, env, cwd, timeout: seconds };
  const answer = await ask(place, 'start', args, { title, outlivesTest: true });
  const { command: id, number } = answer as { command: string; number: number };
  return { id, number, place, command };
}

/** Starts it, to be left running. Whoever gives up before it is known to run does not leave it running. */
export async function startToStay(
  place: Place,
  command: Command,
  options: StartOptions & { name: string },
): Promise<Started> {
  const seconds = options.timeout === undefined ? undefined : secondsFor(options.timeout);
  const starting = startOn(place, command, options, seconds);
  const patience = secondsFor(undefined);
  const late = (): TuttiError =>
    new TuttiError(
      'TIMED_OUT',
      `${quoted(command)} on ${shown(place)}: not started within ${inWords(patience ?? 0)}`,
    );
  try {
    return await within(patience, options.signal, late, async () => starting);
  } catch (error) {
    void stopQuietly(starting);
    throw error;
  }
}

/** Waits for its end; whoever gives that up does not end the command. */
export async function endOf(started: Started, options: WaitOptions = {}): Promise<Ended> {
  const { id, number, place, command } = started;
  const title = `the end of ${quoted(command)} on ${shown(place)}`;
  const bounds = { timeout: secondsFor(options.timeout), signal: options.signal, title };
  return readEnd(await askWithin(place, 'ended', { command: id }, bounds), place, command, number);
}

/** Waits for its end, and stops it when the signal aborts. When this rejects it has been stopped, as far as that can be known. */
async function runToEnd(
  starting: Promise<Started>,
  place: Place,
  command: Command,
  seconds: number | undefined,
  signal: AbortSignal | undefined,
): Promise<Ended> {
  // The machine keeps the time limit; this is for one that cannot be asked any more.
  const patience = seconds === undefined ? undefined : seconds + STOPPING_SECONDS;
  const title = `${quoted(command)} on ${shown(place)}`;
  const test = signalOfTest();
  const late = (): TuttiError =>
    new TuttiError('NODE_LOST', `${title}: neither its end nor anything else of it was heard in time`);
  try {
    return await within(patience, signal, late, async (ending) => {
      const started = await starting;
      const answer = await ask(place, 'ended', { command: started.id }, { title, signal: ending });
      return readEnd(answer, place, command, started.number);
    });
  } catch (error) {
    if (signal?.aborted) {
      await stopQuietly(starting);
      const message = `${title}: withdrawn by its signal, and stopped`;
      throw new TuttiError('CANCELLED', message, { cause: signal.reason });
    }
    // A test that is cut short does not wait for that.
    if (test?.aborted) void stopQuietly(starting);
    throw error;
  }
}

/** Nobody is there any more to tell that it did not work; with the driver everything ends anyway. */
async function stopQuietly(starting: Promise<Started>): Promise<void> {
  const stop = async (): Promise<void> => {
    const { id, place } = await starting;
    await ask(place, 'stop', { command: id }, { outlivesTest: true });
    await ask(place, 'ended', { command: id }, { outlivesTest: true });
  };
  const bound = new AbortController();
  const over = pause(STOPPING_SECONDS, bound.signal);
  await Promise.race([stop().catch(() => {}), over]);
  bound.abort();
}

export async function run(place: Place, command: Command, options: RunOptions): Promise<CommandResult> {
  const ended = await toEnd(place, command, options);
  if (ended.result.ok || options.check === false) return ended.result;
  throw failureOf(ended);
}

/** It has to fail, by itself: one that does not end in time, or never began, has proved nothing. */
export async function fails(
  place: Place,
  command: Command,
  options: Omit<RunOptions, 'check'>,
): Promise<CommandResult> {
  const ended = await toEnd(place, command, options);
  const { result } = ended;
  const proved = result.exit !== undefined || result.signal !== undefined;
  if (proved && !result.ok && !ended.stopped) return result;
  if (!result.ok) throw failureOf(ended);
  throw new CommandFailed(
    `${quoted(command)} on ${shown(place)} was to fail, and exited with status 0`,
    result,
  );
}

async function toEnd(place: Place, command: Command, options: RunOptions): Promise<Ended> {
  const seconds = secondsFor(options.timeout);
  const ended = await runToEnd(
    startOn(place, command, options, seconds),
    place,
    command,
    seconds,
    options.signal,
  );
  if (ended.timedOut) throw failureOf(ended);
  return ended;
}
