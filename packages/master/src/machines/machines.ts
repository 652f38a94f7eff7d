/** The commands for machines as a whole: `nodes.yaml` as it was read last, and who acts by it. */
import { join } from 'node:path';
import type { Clock, Logger } from '@tutti/link';
import type { Registry } from '../agents/registry.ts';
import { carryOut } from './carry-out.ts';
import { MachineCare } from './machine-care.ts';
import { machineFiles, readMachineFile } from './machine-file.ts';
import type { MachineRules } from './machine-rules.ts';
import { OperatorsPower } from './operators-power.ts';

export interface MachinesDeps {
  readonly registry: Registry;
  readonly clock: Clock;
  /** The state directory of the master. */
  readonly state: string;
  readonly isPrivate: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: Logger;
}

export class Machines {
  readonly care: MachineCare;
  readonly power: OperatorsPower;
  readonly #deps: MachinesDeps;
  #rules: MachineRules;

  private constructor(deps: MachinesDeps, rules: MachineRules) {
    this.#deps = deps;
    this.#rules = rules;
    const { registry, clock, state, env, log } = deps;
    const now = () => this.#rules;
    const run = carryOut({ rules: now, env, directory: join(state, 'nodes'), clock });
    this.care = new MachineCare({ registry, clock, rules: now, carryOut: run, log });
    this.power = new OperatorsPower({ registry, rules: now, carryOut: run, log });
  }

  /** Throws `MACHINES_INVALID`. */
  static async open(deps: MachinesDeps): Promise<Machines> {
    return new Machines(deps, await read(deps));
  }

  /** A mistake is logged, and what was there stays. */
  async reload(): Promise<void> {
    try {
      this.#rules = await read(this.#deps);
    } catch (error) {
      const { message } = error as Error;
      this.#deps.log.error({ err: error }, `nodes.yaml stays as it was: ${message}`);
    }
  }

  /** Ends all commands. */
  async close(): Promise<void> {
    await Promise.all([this.care.close(), this.power.close()]);
  }
}

async function read({ state, isPrivate, log }: MachinesDeps): Promise<MachineRules> {
  const { rules, file } = await readMachineFile(machineFiles(state, isPrivate));
  if (file !== undefined) log.info({ file }, `commands for machines are those of ${file}`);
  return rules;
}
