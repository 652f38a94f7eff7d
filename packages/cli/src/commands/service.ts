/** Machines out of service and back: `drain`, `maintenance`, `quarantine`. */
import { orderNodes } from '@tutti/client';
import { type CallParams, type NodeView, TuttiError } from '@tutti/protocol';
import type { Command } from 'commander';
import { addMasterOptions, type MasterFlags, note, withMaster } from '../connect.ts';
import { nodeNames } from '../node-names.ts';

interface Flags extends MasterFlags {
  off?: boolean;
  reason?: string;
}

type Kind = CallParams<'node.order'>['order'];

const SET = 'their names, or sets such as web[1-8]';

export function addDrain(program: Command): void {
  add(
    program.command('drain').description('give machines no further runs; the run that has one goes on'),
    'drained',
  );
}

export function addMaintenance(program: Command): void {
  add(
    program
      .command('maintenance')
      .description(
        'leave machines to people: no further runs, and the master does nothing with them by itself',
      ),
    'maintenance',
  );
}

export function addQuarantine(program: Command): void {
  add(
    program
      .command('quarantine')
      .description('keep machines that are not to be trusted from runs, as the master does after trouble'),
    'quarantined',
  );
}

function add(command: Command, kind: Kind): void {
  command
    .argument('<node...>', SET)
    .option('--off', 'give them back to runs')
    .option('--reason <text>', kind === 'quarantined' ? 'why: people will ask' : 'why, for who asks');
  addMasterOptions(command).action((nodes: string[], flags: Flags) => order(kind, nodes, flags));
}

async function order(kind: Kind, words: readonly string[], flags: Flags): Promise<void> {
  const { off = false, reason, ...master } = flags;
  if (off && reason !== undefined) throw new TuttiError('USAGE', '--off takes no --reason');
  if (!off && kind === 'quarantined' && reason === undefined)
    throw new TuttiError('USAGE', 'say why with --reason, or end a quarantine with --off');
  const names = nodeNames(words);
  const given = { order: kind, on: !off, ...(reason === undefined ? {} : { reason }) };
  const views = await withMaster(master, (client) => orderNodes(client, names, given));
  for (const view of views) note(inWords(view, kind));
}

function inWords({ name, run, state, drained, maintenance, quarantined }: NodeView, kind: Kind): string {
  const still = [
    ...(quarantined ? ['quarantined'] : []),
    ...(maintenance ? ['in maintenance'] : []),
    ...(drained ? ['drained'] : []),
  ];
  const busy = run === undefined ? '' : `; run ${run} still has it`;
  if (still.length > 0) return `${name} is ${still.join(', ')}${busy}`;
  return `${name} is no longer ${kind === 'maintenance' ? 'in maintenance' : kind}: it is ${state}`;
}
