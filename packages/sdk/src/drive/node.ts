/** A machine that a driver has in its hand: the one on which a member of its test stands. */
import type { TopologyMember } from '../topology.ts';
import { askWithin, type Place, shown } from './call.ts';
import { fails, type RunOptions, run, type StartOptions, startToStay } from './command.ts';
import { type Command, type CommandResult, quoted } from './command-end.ts';
import { atCaller } from './failures/at-caller.ts';
import { type Content, get, type PutOptions, put, type Transferred } from './files.ts';
import { type Process, Processes, type SignalName } from './process.ts';
import { openTerminal, type ShellOptions, type Terminal } from './terminal.ts';
import { repeat, type UntilOptions } from './until.ts';
import { secondsFor, type WaitOptions } from './wait.ts';
import { forFile, forLog, forPort, forUnit, type PortOptions } from './waits.ts';

export interface Rebooted {
  /** The boot id that proves it. */
  readonly boot: string;
  /** Seconds until its agent was there again. */
  readonly away: number;
}

export interface NodeFacts {
  readonly node: string;
  readonly boot: string;
  /** What its agent says of it: cpus, memory, kernel, interfaces … See docs/selectors.md. */
  readonly facts: Readonly<Record<string, unknown>>;
  readonly labels: Readonly<Record<string, unknown>>;
  readonly addresses: readonly string[];
}

/** All methods can be used without their object. They fail with a `TuttiError`, of which `CommandFailed` is one. */
export interface Node {
  /** `db.0` */
  readonly member: string;
  readonly role: string;
  readonly index: number;
  /** The machine's name. */
  readonly machine: string;
  /** The best one first. */
  readonly addresses: readonly string[];
  readonly params: TopologyMember['params'];

  /**
   * Runs a command to its end: a line for `sh -c`, or a program and its arguments. It starts in the member's own directory.
   *
   * @throws CommandFailed unless it exits with status 0, or `check: false`
   */
  run(command: Command, options?: RunOptions): Promise<CommandResult>;
  /** Runs a command that has to fail. @throws CommandFailed when it does not, or not by itself */
  fails(command: Command, options?: Omit<RunOptions, 'check'>): Promise<CommandResult>;
  /** Starts a command and leaves it running, under a name; it ends with the driver at the latest. */
  start(name: string, command: Command, options?: StartOptions): Promise<Process>;
  /** Ends what was started under that name, with all that it started. Returns when it is gone. */
  stop(name: string, options?: WaitOptions): Promise<CommandResult>;
  /** Sends a signal to all processes of what was started under that name. Default: SIGTERM. */
  kill(name: string, signal?: SignalName, options?: WaitOptions): Promise<void>;
  /** Copies a file or a directory of the driver's machine, or makes a file of `{content}`. */
  put(local: string | Content, path: string, options?: PutOptions): Promise<Transferred>;
  /** Copies a file or a directory to the driver's machine. */
  get(path: string, local: string, options?: WaitOptions): Promise<Transferred>;
  /** A file's contents. */
  get(path: string): Promise<Buffer>;
  /** Until something accepts TCP connections there. */
  waitForPort(port: number, options?: PortOptions): Promise<void>;
  waitForFile(path: string, options?: WaitOptions): Promise<void>;
  /** Until a line of the file has this text, or matches; returns the line. */
  waitForLog(path: string | Process, pattern: string | RegExp, options?: WaitOptions): Promise<string>;
  /** Until a systemd unit is active. */
  waitForUnit(unit: string, options?: WaitOptions): Promise<void>;
  /** Reboots it, and returns when it is back, proven by its boot id. All that ran on it has ended. */
  reboot(options?: WaitOptions): Promise<Rebooted>;
  facts(options?: WaitOptions): Promise<NodeFacts>;
  /** A shell, or another command, with a terminal of its own: what is typed goes there, what it writes comes as bytes. */
  shell(options?: ShellOptions): Promise<Terminal>;
  /** Repeats a command, or a function, until it succeeds. Returns what the last one gave. */
  until(command: string | readonly string[], options?: UntilOptions): Promise<CommandResult>;
  until<T>(holds: (node: Node) => T | Promise<T>, options?: UntilOptions): Promise<T>;
}

export function nodeOf({ member, role, index, node: machine, addresses, params }: TopologyMember): Node {
  const place: Place = { member, machine };
  const processes = new Processes(place);
  const self: Node = {
    member,
    role,
    index,
    machine,
    addresses,
    params,
    run: (command, options = {}) => atCaller(() => run(place, command, options)),
    fails: (command, options = {}) => atCaller(() => fails(place, command, options)),
    start: (name, command, options = {}) =>
      atCaller(async () => {
        processes.reserve(name);
        return processes.add(name, await startToStay(place, command, { ...options, name }));
      }),
    stop: (name, options) => atCaller(async () => processes.get(name).stop(options)),
    kill: (name, signal, options) => atCaller(async () => processes.get(name).kill(signal, options)),
    put: (local, path, options = {}) => atCaller(() => put(place, local, path, options)),
    get: ((path: string, local?: string, options: WaitOptions = {}) =>
      atCaller(() => get(place, path, local, options))) as Node['get'],
    waitForPort: (port, options = {}) => atCaller(() => forPort(place, port, options)),
    waitForFile: (path, options = {}) => atCaller(() => forFile(place, path, options)),
    waitForLog: (source, pattern, options = {}) =>
      atCaller(async () =>
        typeof source === 'string'
          ? forLog(place, source, pattern, options)
          : source.waitForLog(pattern, options),
      ),
    waitForUnit: (unit, options = {}) => atCaller(() => forUnit(place, unit, options)),
    reboot: (options = {}) =>
      atCaller(async () => {
        const timeout = secondsFor(options.timeout);
        const bounds = { timeout, signal: options.signal, title: `reboot of ${shown(place)}` };
        const answer = await askWithin(place, 'reboot', { timeout }, bounds);
        processes.forget();
        return answer as Rebooted;
      }),
    facts: (options = {}) =>
      atCaller(async () => {
        const bounds = { timeout: secondsFor(options.timeout), signal: options.signal };
        return (await askWithin(place, 'facts', {}, bounds)) as NodeFacts;
      }),
    shell: (options = {}) => atCaller(() => openTerminal(place, options)),
    until: (async (what: Command | ((node: Node) => unknown), options: UntilOptions = {}) =>
      atCaller(() => {
        const name = options.name ?? (typeof what === 'function' ? what.name : quoted(what));
        const title = `${name} on ${shown(place)}`;
        const once = async (signal: AbortSignal): Promise<unknown> => {
          if (typeof what === 'function') return what(self);
          return run(place, what, { signal });
        };
        return repeat(once, { ...options, name: title.trim() });
      })) as Node['until'],
  };
  return self;
}
