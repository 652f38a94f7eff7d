import { powerNode } from '@tutti/client';
import { TuttiError } from '@tutti/protocol';
import type { Command } from 'commander';
import { addMasterOptions, type MasterFlags, note, withMaster } from '../connect.ts';

interface Flags extends MasterFlags {
  force?: boolean;
}

const ACTIONS = ['on', 'off', 'cycle'] as const;
const DONE = { on: 'switched on', off: 'switched off', cycle: 'switched off and on' };

export function addPower(program: Command): void {
  const command = program
    .command('power')
    .argument('<node>', 'its name')
    .argument('<action>', ACTIONS.join(', '))
    .description("run the power command that the master's nodes.yaml has for a machine")
    .option('--force', 'also while a run has the machine');
  addMasterOptions(command).action(power);
}

async function power(node: string, word: string, { force = false, ...flags }: Flags): Promise<void> {
  const action = ACTIONS.find((known) => known === word);
  if (action === undefined)
    throw new TuttiError('USAGE', `the action is ${ACTIONS.join(', ')}, not "${word}"`);
  const output = await withMaster(flags, (client) => powerNode(client, node, action, force));
  process.stderr.write(output);
  note(`${node} was ${DONE[action]}`);
}
