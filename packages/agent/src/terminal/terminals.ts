/**
 * The terminals on this machine.
 *
 * Guarantees: one that is asked for twice is started once; each has a directory while its processes live, so that the next agent
 * ends what a killed one left; none outlives its member's directory. `adopt` comes first and once.
 */
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger, ProcessId } from '@tutti/link';
import { Id, LIMITS, type StopReason, type TerminalSpec, TuttiError } from '@tutti/protocol';
import { startDirectory } from '../commands/command.ts';
import { machineCommandEnvironment } from '../commands/command-environment.ts';
import type { MemberContext } from '../members/context.ts';
import type { Member } from '../members/member.ts';
import { shellOf } from './shell.ts';
import { start } from './started.ts';
import { Terminal } from './terminal.ts';
import { markOf, TerminalTree } from './terminal-tree.ts';

export interface TerminalsDeps {
  readonly stateDir: string;
  /** This machine's name. */
  readonly node: string;
  /** What members share, and the member of that id. Throws `NO_SUCH_MEMBER`. */
  readonly place: (of: string | undefined) => {
    readonly context: MemberContext;
    readonly member: Member | undefined;
  };
  readonly log: Logger;
  /** How long nobody need attend a terminal; default 30 s. */
  readonly lingerMs?: number;
}

const LINGER_MS = 30_000;

interface Entry {
  readonly terminal: Promise<Terminal>;
  readonly of: string | undefined;
}

export class Terminals {
  readonly #deps: TerminalsDeps;
  readonly #dir: string;
  readonly #entries = new Map<string, Entry>();
  /** What an earlier agent left, while it is being ended. */
  readonly #ending = new Map<string, Promise<void>>();

  constructor(deps: TerminalsDeps) {
    this.#deps = deps;
    this.#dir = join(deps.stateDir, 'terminals');
  }

  /** Ends what an earlier agent left: who used it hears that it is gone. */
  async adopt(): Promise<void> {
    await mkdir(this.#dir, { recursive: true, mode: 0o755 });
    const { context } = this.#deps.place(undefined);
    for (const id of await readdir(this.#dir)) {
      const tree = new TerminalTree(this.#path(id), id, context, () => undefined);
      const left = !(await tree.goneWithin(1));
      if (left) this.#deps.log.info({ terminal: id }, 'what an earlier agent left of a terminal is ended');
      const ending = (left ? tree.end(true) : Promise.resolve(true))
        .then((clean) => this.#removeTraces(id, tree, clean))
        .catch((err: unknown) => this.#deps.log.error({ terminal: id, err }, 'a terminal cannot be ended'))
        .finally(() => this.#ending.delete(id));
      this.#ending.set(id, ending);
    }
  }

  /** Resolves when it runs. Throws `NO_TERMINAL`, `NO_SUCH_MEMBER`, `NO_SUCH_FILE`, `TOO_MANY_CALLS`. */
  async open(spec: TerminalSpec): Promise<void> {
    const id = spec.terminal;
    const known = this.#entries.get(id);
    if (known === undefined) {
      if (!Id.safeParse(id).success) throw new TuttiError('BAD_PARAMS', 'a terminal needs an id');
      if (this.#entries.size >= LIMITS.terminals.value)
        throw new TuttiError(
          LIMITS.terminals.code,
          `${this.#deps.node} has ${LIMITS.terminals.value} terminals already`,
        );
      const terminal = this.#make(spec);
      this.#entries.set(id, { terminal, of: spec.of });
      terminal.catch(() => this.#entries.delete(id));
    }
    await (known?.terminal ?? this.#entries.get(id)?.terminal);
  }

  /** Throws `NO_SUCH_COMMAND`. */
  async require(id: string): Promise<Terminal> {
    const terminal = await this.find(id);
    if (terminal !== undefined) return terminal;
    throw new TuttiError(
      'NO_SUCH_COMMAND',
      `the terminal on ${this.#deps.node} is gone: it had ended, nobody was there for a while, or its agent was started anew`,
    );
  }

  async find(id: string): Promise<Terminal | undefined> {
    return this.#entries.get(id)?.terminal;
  }

  /** Those of a member. */
  async endOf(member: string): Promise<void> {
    await this.#endAll('test-over', ({ of }) => of === member);
  }

  /** They are this process's: they end with it. */
  async close(): Promise<void> {
    await Promise.all(this.#ending.values());
    await this.#endAll('cancelled', () => true);
  }

  get size(): number {
    return this.#entries.size;
  }

  async #endAll(reason: StopReason, which: (entry: Entry) => boolean): Promise<void> {
    const ending = [...this.#entries.values()].filter(which).map(async ({ terminal }) => {
      const found = await terminal.catch(() => undefined);
      await found?.finish(reason);
    });
    await Promise.all(ending);
  }

  async #make(spec: TerminalSpec): Promise<Terminal> {
    const { node, place, lingerMs = LINGER_MS } = this.#deps;
    const { terminal: id, screen } = spec;
    const { context, member } = place(spec.of);
    await this.#ending.get(id);
    if (member !== undefined) {
      await member.whenStarted();
      if (member.state.at === 'prepared')
        throw new TuttiError('NO_SUCH_MEMBER', `${member.spec.name} on ${node} has not been started yet`);
    }
    const cwd = startDirectory(spec, member, context.machine.home);
    await requireDirectory(cwd, node);
    const dir = this.#path(id);
    const first: { leader?: ProcessId | undefined } = {};
    const tree = new TerminalTree(dir, id, context, () => first.leader);
    await mkdir(dir, { recursive: true, mode: 0o755 });
    const cgroup = await tree.cgroup?.make().then(
      () => tree.cgroup?.path,
      () => undefined,
    );
    const given = {
      ...(screen === undefined ? {} : { TERM: screen.term ?? 'xterm-256color' }),
      ...spec.env,
    };
    const whole = member?.environment(undefined, given) ?? machineCommandEnvironment(context.machine, given);
    const started = await start({
      words: wordsOf(spec, await shellOf(context.machine.shell, member !== undefined)),
      ...{ dir, cwd, cgroup, screen, node },
      env: { ...whole, ...markOf(dir) },
      shell: context.shell,
    }).catch(async (thrown: unknown) => {
      await this.#removeTraces(id, tree, true);
      if (thrown instanceof TuttiError) throw thrown;
      throw new TuttiError('NO_TERMINAL', `${node}: nothing can be started: ${(thrown as Error).message}`, {
        cause: thrown,
      });
    });
    first.leader = started.leader;
    return new Terminal({
      ...{ started, tree, lingerMs },
      hasScreen: screen !== undefined,
      timeout: spec.timeout,
      drainMs: context.drainMs,
      monotonicMs: () => context.clock.monotonicMs(),
      onGone: (clean) => this.#removeTraces(id, tree, clean),
      onForgotten: () => this.#entries.delete(id),
    });
  }

  async #removeTraces(id: string, tree: TerminalTree, clean: boolean): Promise<void> {
    if (!clean) {
      // The next agent tries again.
      this.#deps.log.warn({ terminal: id }, 'processes of a terminal cannot be ended');
      return;
    }
    await tree.remove();
    await rm(this.#path(id), { recursive: true, force: true });
  }

  #path(id: string): string {
    return join(this.#dir, id);
  }
}

function wordsOf({ command }: TerminalSpec, shell: readonly string[]): readonly string[] {
  if (command === undefined) return shell;
  return typeof command === 'string' ? ['/bin/sh', '-c', command] : command;
}

async function requireDirectory(path: string, node: string): Promise<void> {
  const isDirectory = await stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
  if (!isDirectory) throw new TuttiError('NO_SUCH_FILE', `${node} has no directory ${path}`);
}
