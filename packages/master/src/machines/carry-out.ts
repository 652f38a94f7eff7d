/** Commands for machines, with what they are told and where their output goes. */
import { join } from 'node:path';
import type { Clock } from '@tutti/link';
import type { CarryOut } from './machine-care.ts';
import type { MachineRules } from './machine-rules.ts';
import { runCommand } from './run-command.ts';

export interface CarryOutDeps {
  readonly rules: () => MachineRules;
  /** What they inherit; the master's own secrets are left out. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** For output that belongs to no run. */
  readonly directory: string;
  readonly clock: Clock;
}

export function carryOut({ rules, env, directory, clock }: CarryOutDeps): CarryOut {
  const inherited = Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('TUTTI_')));
  return ({ run: line, timeoutMs }, { node, action, run }, signal) => {
    const kind = action === 'prepare' || action === 'release' ? action : 'power';
    const [address] = node.addresses;
    const order = {
      run: line,
      timeoutMs,
      folder: rules().folder,
      env: {
        ...inherited,
        TUTTI_NODE: node.name,
        ...(address === undefined ? {} : { TUTTI_ADDRESS: address }),
        TUTTI_ACTION: action,
        ...(run === undefined ? {} : { TUTTI_RUN: String(run.number) }),
      },
      output: join(run === undefined ? directory : join(run.dir, 'nodes'), node.name, `${kind}.log`),
    };
    return runCommand(order, clock, signal);
  };
}
