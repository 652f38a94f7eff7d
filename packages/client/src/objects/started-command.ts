/** A command that was begun on a machine and has not been waited for. */
import type { NodeArgs, NodeResult, Signal } from '@tutti/protocol';
import { CommandResult } from './command-result.ts';

export type AskCommand = <V extends 'ended' | 'stop' | 'kill'>(
  verb: V,
  more: Omit<NodeArgs<V>, 'command'>,
  signal: AbortSignal | undefined,
) => Promise<NodeResult<V>>;

interface StartedParts {
  readonly id: string;
  readonly number: number;
  readonly title: string;
  readonly words: string;
  readonly ask: AskCommand;
  readonly signalFor: (given: AbortSignal | undefined) => AbortSignal | undefined;
}

/** A command that runs in the background. */
export class StartedCommand {
  readonly id: string;
  /** 1, 2, 3 …: its files are in `cmd-<number>/`. */
  readonly number: number;
  readonly on: string;
  readonly command: string;
  readonly #parts: StartedParts;

  /** @internal */
  constructor(parts: StartedParts) {
    this.id = parts.id;
    this.number = parts.number;
    this.on = parts.title;
    this.command = parts.words;
    this.#parts = parts;
  }

  /** Resolves when it has ended, however, with all that it started. Aborting the signal ends the waiting only. */
  async ended({ signal }: { signal?: AbortSignal | undefined } = {}): Promise<CommandResult> {
    const { ask, signalFor } = this.#parts;
    return new CommandResult(this.on, this.command, await ask('ended', {}, signalFor(signal)));
  }

  /** SIGTERM, and after 5 s SIGKILL, to all that it has started; `ended` resolves when that is over. */
  async stop(): Promise<void> {
    await this.#parts.ask('stop', {}, undefined);
  }

  /** Sends a signal to all its processes; default: TERM. */
  async kill(signal?: Signal): Promise<void> {
    await this.#parts.ask('kill', signal === undefined ? {} : { signal }, undefined);
  }
}
