/**
 * What the master does around a machine's work: the commands that `nodes.yaml` has for it. Pure.
 *
 * Entries apply in their order to every machine that their `where` fits; of what several say, the last word counts, command
 * by command.
 */
import type { Machine } from '@tutti/protocol/selector';
import { compileSelector } from '@tutti/protocol/selector';

export interface Command {
  /** A line of shell. */
  readonly run: string;
  readonly timeoutMs: number;
}

export interface Power {
  readonly on?: Command;
  readonly off?: Command;
  readonly cycle?: Command;
  /** How long a machine may take to come back after its power was cycled. */
  readonly backMs?: number;
}

export interface Commands {
  readonly prepare?: Command;
  readonly release?: Command;
  readonly power?: Power;
}

export interface Entry extends Commands {
  /** A selector; absent: every machine. */
  readonly where?: string;
}

export type PowerAction = 'on' | 'off' | 'cycle';

const BACK_MS = 600_000;

export class MachineRules {
  /** Where relative paths of commands begin. */
  readonly folder: string;
  /** The most that preparing and releasing a machine can add to a run. */
  readonly longest: number;
  readonly #entries: readonly { readonly commands: Commands; readonly fits: (machine: Machine) => boolean }[];
  readonly #known = new WeakMap<Machine, Commands>();

  /** Throws an Error for a selector that is none. */
  constructor(folder: string, entries: readonly Entry[]) {
    this.folder = folder;
    this.#entries = entries.map(({ where, ...commands }) => ({
      commands,
      fits: where === undefined ? () => true : compileSelector(where),
    }));
    const most = (of: 'prepare' | 'release') =>
      entries.reduce((longest, entry) => Math.max(longest, entry[of]?.timeoutMs ?? 0), 0);
    this.longest = most('prepare') + most('release');
  }

  of(machine: Machine): Commands {
    const known = this.#known.get(machine);
    if (known !== undefined) return known;
    const fitting = this.#entries.filter(({ fits }) => fits(machine));
    const commands = fitting.reduce<Commands>(
      (all, { commands: { power, ...more } }) => ({
        ...all,
        ...more,
        ...(power === undefined ? {} : { power: { ...all.power, ...power } }),
      }),
      {},
    );
    this.#known.set(machine, commands);
    return commands;
  }
}

/** What does it, one after the other; undefined: the machine has nothing for it. */
export function powerCommands({ power = {} }: Commands, action: PowerAction): readonly Command[] | undefined {
  const { on, off } = power;
  const own = power[action];
  if (own !== undefined) return [own];
  return action === 'cycle' && on !== undefined && off !== undefined ? [off, on] : undefined;
}

export function backMs({ power }: Commands): number {
  return power?.backMs ?? BACK_MS;
}
