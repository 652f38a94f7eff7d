/** Several machines at once. What is asked of them is asked of each at the same time; what comes of it is told of each. */
import { type Command, TuttiError } from '@tutti/protocol';
import { CommandError, type CommandResult } from './command-result.ts';
import type { CommandOptions, Machine } from './machine.ts';

export interface Named extends Machine {
  readonly name: string;
}

/** What came of the same command on several machines. */
export class GroupResult implements Iterable<CommandResult> {
  readonly results: readonly CommandResult[];

  /** @internal */
  constructor(results: readonly CommandResult[]) {
    this.results = results;
  }

  /** All of them exited with status 0. */
  get ok(): boolean {
    return this.results.every(({ ok }) => ok);
  }

  get failed(): readonly CommandResult[] {
    return this.results.filter(({ ok }) => !ok);
  }

  /** Of the machine of that name. */
  of(name: string): CommandResult | undefined {
    return this.results.find(({ on }) => on === name);
  }

  [Symbol.iterator](): Iterator<CommandResult> {
    return this.results[Symbol.iterator]();
  }
}

/** A command failed on some of several machines. `result` has what came of it on each. */
export class GroupError extends TuttiError {
  readonly result: GroupResult;

  /** @internal */
  constructor(result: GroupResult, message: string) {
    super('COMMAND_FAILED', message);
    this.name = 'GroupError';
    this.result = result;
  }
}

export class NodeGroup<N extends Named = Named> implements Iterable<N> {
  readonly nodes: readonly N[];

  /** @internal */
  constructor(nodes: readonly N[]) {
    this.nodes = nodes;
  }

  get size(): number {
    return this.nodes.length;
  }

  get names(): readonly string[] {
    return this.nodes.map(({ name }) => name);
  }

  /**
   * On all of them, to the end of the last. Rejects with a `GroupError` unless all exit with status 0, and with `NO_SUCH_NODE`
   * where there are none.
   */
  async run(command: Command, options: CommandOptions = {}): Promise<GroupResult> {
    this.#requireSome();
    const outcomes = await Promise.allSettled(this.nodes.map((node) => node.run(command, options)));
    const results = outcomes.map((outcome) => {
      if (outcome.status === 'fulfilled') return outcome.value;
      // What says nothing of the command says that it is not known what it did.
      if (outcome.reason instanceof CommandError) return outcome.reason.result;
      throw outcome.reason;
    });
    const group = new GroupResult(results);
    const [first] = group.failed;
    if (first === undefined) return group;
    const words = group.failed.map(({ on, how }) => `${on} ${how}`);
    const more = words.length > 5 ? ` and ${words.length - 5} more` : '';
    throw new GroupError(
      group,
      `the command failed on ${words.length} of ${results.length}: ${words.slice(0, 5).join(', ')}${more}`,
    );
  }

  /** The same work with each of them at the same time; what it came to, in their order. */
  async each<T>(work: (node: N) => Promise<T>): Promise<T[]> {
    return Promise.all(this.nodes.map((node) => work(node)));
  }

  async put(
    from: string,
    path: string,
    options: { mode?: number; signal?: AbortSignal } = {},
  ): Promise<void> {
    this.#requireSome();
    await this.each((node) => node.put(from, path, options));
  }

  async reboot(options: { timeout?: number | string; signal?: AbortSignal } = {}): Promise<void> {
    this.#requireSome();
    await this.each((node) => node.reboot(options));
  }

  /** What nobody did must not look like a success. */
  #requireSome(): void {
    if (this.size === 0) throw new TuttiError('NO_SUCH_NODE', 'no machine fits, so that nothing was done');
  }

  [Symbol.iterator](): Iterator<N> {
    return this.nodes[Symbol.iterator]();
  }
}
