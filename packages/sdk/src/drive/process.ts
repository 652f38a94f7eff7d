/** A command that was started and left running. */
import { TuttiError } from '../errors.ts';
import { askWithin, type Place, shown } from './call.ts';
import { endOf, type Started } from './command.ts';
import type { CommandResult } from './command-end.ts';
import { atCaller } from './failures/at-caller.ts';
import { secondsFor, type WaitOptions } from './wait.ts';
import { forLog } from './waits.ts';

export type SignalName =
  | 'SIGHUP'
  | 'SIGINT'
  | 'SIGQUIT'
  | 'SIGKILL'
  | 'SIGUSR1'
  | 'SIGUSR2'
  | 'SIGTERM'
  | 'SIGCONT'
  | 'SIGSTOP'
  | 'SIGALRM';

export interface Process {
  readonly name: string;
  /** 1, 2, 3 … within its member; its logs are in `cmd-<number>/`. */
  readonly number: number;
  /** Ends it, with all that it started: SIGTERM, 5 s, SIGKILL. Returns when it is gone. */
  stop(options?: WaitOptions): Promise<CommandResult>;
  /** Sends a signal to all its processes. Default: SIGTERM. */
  kill(signal?: SignalName, options?: WaitOptions): Promise<void>;
  /** Waits until it has ended, however it does. */
  ended(options?: WaitOptions): Promise<CommandResult>;
  /** Waits until it has written a line with this text, or that matches, on stdout or stderr; returns the line. */
  waitForLog(pattern: string | RegExp, options?: WaitOptions): Promise<string>;
}

export interface RunningProcess extends Process {
  /** For the request that waits for its output. */
  readonly id: string;
}

function processOf(name: string, started: Started, onEnded: () => void): RunningProcess {
  const { id, place, number } = started;
  const title = (verb: string): string => `${verb} "${name}" on ${shown(place)}`;
  const ended = async (options?: WaitOptions): Promise<CommandResult> => {
    const { result } = await endOf(started, options);
    onEnded();
    return result;
  };
  const self: RunningProcess = {
    id,
    name,
    number,
    ended: (options) => atCaller(() => ended(options)),
    stop: (options = {}) =>
      atCaller(async () => {
        const bounds = { timeout: secondsFor(options.timeout), signal: options.signal, title: title('stop') };
        await askWithin(place, 'stop', { command: id }, bounds);
        return ended(options);
      }),
    kill: (signal = 'SIGTERM', options = {}) =>
      atCaller(async () => {
        const bounds = { timeout: secondsFor(options.timeout), signal: options.signal, title: title('kill') };
        await askWithin(place, 'kill', { command: id, signal: withoutSig(signal) }, bounds);
      }),
    waitForLog: (pattern, options = {}) =>
      atCaller(() => forLog(place, { command: id, shown: `"${name}"` }, pattern, options)),
  };
  return self;
}

function withoutSig(signal: SignalName): string {
  const name = /^(?:SIG)?([A-Z0-9]+)$/.exec(signal)?.[1];
  if (name !== undefined) return name;
  throw new TuttiError('BAD_PARAMS', `${JSON.stringify(signal)} is not a signal: write SIGTERM`);
}

/** The processes that a driver has started on one machine, by name. */
export class Processes {
  readonly #place: Place;
  readonly #running = new Map<string, RunningProcess>();

  constructor(place: Place) {
    this.#place = place;
  }

  /** @throws TuttiError BAD_PARAMS when one of that name runs */
  reserve(name: string): void {
    if (this.#running.has(name))
      throw new TuttiError(
        'BAD_PARAMS',
        `start "${name}" on ${shown(this.#place)}: one of that name has not ended; stop it first, or take another name`,
      );
  }

  add(name: string, started: Started): Process {
    const process = processOf(name, started, () => {
      if (this.#running.get(name) === process) this.#running.delete(name);
    });
    this.#running.set(name, process);
    return process;
  }

  /** @throws TuttiError NO_SUCH_COMMAND */
  get(name: string): Process {
    const process = this.#running.get(name);
    if (process !== undefined) return process;
    const names = [...this.#running.keys()].map((each) => `"${each}"`).join(', ');
    throw new TuttiError(
      'NO_SUCH_COMMAND',
      `no process "${name}" was started on ${shown(this.#place)}${names === '' ? '' : `; there is ${names}`}`,
    );
  }

  /** A reboot has ended them all. */
  forget(): void {
    this.#running.clear();
  }
}
