/**
 * A machine that something is done on: one of the pool, or that of a member of a test under way.
 *
 * Guarantees: what is asked is done once, however often the connection breaks. Aborting a signal stops the command that its
 * call has started, and the call rejects at once with `CANCELLED`. A command of a program that is gone ends when it has not
 * come back within 30 s; one that is in the background ends with its time limit, default 1 h, or with the connection.
 */
import { randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import {
  type Awaited as AwaitedThing,
  type Command,
  type NodeArgs,
  type NodeResult,
  type NodeVerb,
  TuttiError,
  type Whereabouts,
} from '@tutti/protocol';
import { durationSeconds } from '../suite/duration.ts';
import { type CommandResult, failed, shortCommand, succeeded } from './command-result.ts';
import { type Context, letGoOn, signalOf } from './context.ts';
import { type AskCommand, StartedCommand } from './started-command.ts';
import { type AskTerminal, type ShellOptions, Terminal } from './terminal.ts';
import { fetchTree, stageTree } from './transfer.ts';
import { passed, unlessAborted } from './waiting.ts';

/** Seconds as a number, or text such as `30s`, `1m30s`, `500ms`. */
export type Duration = number | string;

export interface WaitOptions {
  readonly timeout?: Duration | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface CommandOptions extends WaitOptions {
  /** For people: in messages and in the report. Default: the beginning of the command. */
  readonly name?: string | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Default: the home directory of the agent's user, or the member's `work/`. */
  readonly cwd?: string | undefined;
}

export interface UntilOptions extends WaitOptions {
  /** Between one try and the next; default 1 s. */
  readonly every?: Duration | undefined;
}

const UNTIL_SECONDS = 60;

export abstract class Machine {
  readonly #context: Context;
  #at: () => Promise<Whereabouts>;
  /** For messages. */
  readonly #title: string;

  /** @internal */
  constructor(context: Context, title: string, at: () => Promise<Whereabouts>) {
    this.#context = context;
    this.#title = title;
    this.#at = at;
  }

  /** To its end. Rejects with a `CommandError` unless it exits with status 0. */
  async run(command: Command, options: CommandOptions = {}): Promise<CommandResult> {
    const result = await this.#outcome(command, options);
    if (!result.ok) throw failed(result);
    return result;
  }

  /** To its end, which must be another than exit status 0. */
  async fails(command: Command, options: CommandOptions = {}): Promise<CommandResult> {
    const result = await this.#outcome(command, options);
    if (result.ok) throw succeeded(result);
    // It says nothing that it could not even try, or was not let.
    if (result.stopped !== undefined || result.exit === undefined) throw failed(result);
    return result;
  }

  /** To its end, whatever that is. */
  async result(command: Command, options: CommandOptions = {}): Promise<CommandResult> {
    return this.#outcome(command, options);
  }

  /** In the background. */
  async start(command: Command, options: CommandOptions = {}): Promise<StartedCommand> {
    return this.#start(command, options, this.#signal(options.signal));
  }

  /** Sends a file or a directory of this machine. A file is replaced at once or not at all. */
  async put(
    from: string,
    path: string,
    { mode, signal: given }: { mode?: number; signal?: AbortSignal } = {},
  ): Promise<{ files: number; bytes: number }> {
    const signal = this.#signal(given);
    const tree = await stageTree(this.#context.client, resolve(this.#context.cwd(), from), signal);
    return this.#ask('put', { ...tree, path, ...(mode === undefined ? {} : { mode }) }, signal);
  }

  /** Brings a file or a directory to this machine. A directory has to be new there, or empty. */
  async get(
    path: string,
    to: string,
    { signal: given }: { signal?: AbortSignal } = {},
  ): Promise<{ files: number; bytes: number }> {
    const signal = this.#signal(given);
    const tree = await this.#ask('get', { path }, signal);
    const there = resolve(this.#context.cwd(), to);
    const isFolder = tree.kind === 'file' && (await stat(there).catch(() => undefined))?.isDirectory();
    return fetchTree(this.#context.client, tree, isFolder ? join(there, basename(path)) : there, signal);
  }

  /** Something accepts TCP connections there. */
  async waitForPort(port: number, options: WaitOptions & { host?: string } = {}): Promise<void> {
    const { host } = options;
    await this.#wait({ is: 'port', port, ...(host === undefined ? {} : { host }) }, options);
  }

  /** A file or directory of that name exists. */
  async waitForFile(path: string, options: WaitOptions = {}): Promise<void> {
    await this.#wait({ is: 'file', path }, options);
  }

  /** A line of the file, or of what the command has written, matches; it is returned. */
  async waitForLog(
    log: string | StartedCommand,
    pattern: RegExp | string,
    options: WaitOptions = {},
  ): Promise<string> {
    const of = typeof log === 'string' ? { path: log } : { command: log.id };
    const { line } = await this.#wait({ is: 'log', ...of, pattern: sourceOf(pattern) }, options);
    return line ?? '';
  }

  /** A systemd unit is active; one that has failed ends the wait. */
  async waitForUnit(unit: string, options: WaitOptions = {}): Promise<void> {
    await this.#wait({ is: 'unit', unit }, options);
  }

  /** Runs a command again and again until it exits with status 0; default: for 60 s. */
  async until(command: Command, options: UntilOptions = {}): Promise<CommandResult> {
    const seconds = secondsOf(options.timeout) ?? UNTIL_SECONDS;
    const pause = secondsOf(options.every) ?? 1;
    const deadline = performance.now() + seconds * 1000;
    const left = () => (deadline - performance.now()) / 1000;
    const signal = this.#signal(options.signal);
    for (;;) {
      const result = await this.#outcome(command, { ...options, timeout: Math.max(0.001, left()) });
      if (result.ok) return result;
      if (left() <= pause)
        throw new TuttiError(
          'TIMED_OUT',
          `${shortCommand(result.command)} on ${this.#title} did not succeed within ${seconds} s; the last time it ${result.how}`,
        );
      await passed(pause, signal);
    }
  }

  /** Resolves when it is back, proven by another boot id. Its commands end with it. */
  async reboot(options: WaitOptions = {}): Promise<{ boot: string; away: number }> {
    return this.#ask('reboot', timeoutOf(options), this.#signal(options.signal));
  }

  async facts({ signal }: { signal?: AbortSignal } = {}): Promise<NodeResult<'facts'>> {
    return this.#ask('facts', {}, this.#signal(signal));
  }

  /** A terminal with a shell, or with another command. It ends with `end`, or when this program has been gone for 30 s. */
  async shell({ columns = 80, rows = 24, term, ...options }: ShellOptions = {}): Promise<Terminal> {
    return this.open(options, { columns, rows, ...(term === undefined ? {} : { term }) });
  }

  /** @internal The same without a terminal of its own, where there is no screen. */
  async open(
    { command, env, cwd, timeout, signal: given }: Omit<ShellOptions, 'columns' | 'rows' | 'term'>,
    screen?: NodeArgs<'open'>['screen'],
  ): Promise<Terminal> {
    const signal = this.#signal(given);
    const args: NodeArgs<'open'> = {
      ...timeoutOf({ timeout }),
      ...(command === undefined ? {} : { command }),
      ...(screen === undefined ? {} : { screen }),
      ...(env === undefined ? {} : { env: { ...env } }),
      ...(cwd === undefined ? {} : { cwd }),
    };
    const { terminal } = await this.#ask('open', args, signal);
    const ask: AskTerminal = (verb, more, until) => this.#ask(verb, { terminal, ...more } as never, until);
    return new Terminal(this.#title, ask, signal);
  }

  async #outcome(command: Command, options: CommandOptions): Promise<CommandResult> {
    const signal = this.#signal(options.signal);
    signal?.throwIfAborted();
    // Not withdrawn while it is being started: then nobody knew what to stop.
    const starting = this.#start(command, options, undefined);
    const ending = starting.then((started) => started.ended({ signal }));
    return unlessAborted(ending, signal, () => {
      letGoOn(
        this.#context,
        starting.then((started) => started.stop()),
      );
      return `${shortCommand(wordsOf(command))} on ${this.#title} is being stopped`;
    });
  }

  async #start(
    command: Command,
    options: CommandOptions,
    signal: AbortSignal | undefined,
  ): Promise<StartedCommand> {
    const { name, env, cwd } = options;
    const args: NodeArgs<'start'> = {
      command,
      ...timeoutOf(options),
      ...(name === undefined ? {} : { name }),
      ...(env === undefined ? {} : { env: { ...env } }),
      ...(cwd === undefined ? {} : { cwd }),
    };
    const { command: id, number } = await this.#ask('start', args, signal);
    const ask: AskCommand = (verb, more, until) => this.#ask(verb, { command: id, ...more } as never, until);
    const signalFor = (given: AbortSignal | undefined) => this.#signal(given);
    return new StartedCommand({ id, number, title: this.#title, words: wordsOf(command), ask, signalFor });
  }

  async #wait(what: AwaitedThing, options: WaitOptions): Promise<NodeResult<'wait'>> {
    return this.#ask('wait', { for: what, ...timeoutOf(options) }, this.#signal(options.signal));
  }

  async #ask<V extends NodeVerb>(
    verb: V,
    args: NodeArgs<V>,
    signal: AbortSignal | undefined,
  ): Promise<NodeResult<V>> {
    const request = randomBytes(16).toString('hex');
    const at = await this.#at();
    const params = { request, at, args };
    // The table of the calls is made from that of the verbs, which the compiler does not follow.
    return (await this.#context.client.call(`node.${verb}`, params as never, signal)) as NodeResult<V>;
  }

  #signal(given: AbortSignal | undefined): AbortSignal | undefined {
    return signalOf(this.#context, given);
  }
}

/** For messages. */
function wordsOf(command: Command): string {
  return typeof command === 'string' ? command : command.join(' ');
}

function sourceOf(pattern: RegExp | string): string {
  if (typeof pattern === 'string') return pattern;
  if (pattern.flags === '') return pattern.source;
  throw new TuttiError('USAGE', `${pattern}: a pattern for a log has no flags`);
}

function secondsOf(timeout: Duration | undefined): number | undefined {
  return timeout === undefined ? undefined : durationSeconds(timeout);
}

function timeoutOf({ timeout }: WaitOptions): { timeout?: number } {
  const seconds = secondsOf(timeout);
  return seconds === undefined ? {} : { timeout: seconds };
}
