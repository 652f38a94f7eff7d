import { listNodes, nodesHealth } from '@tutti/client';
import { type NodeView, TuttiError } from '@tutti/protocol';
import type { Command } from 'commander';
import { addMasterOptions, type MasterFlags, withMaster } from '../connect.ts';
import { healthTable } from '../health-table.ts';
import { nodesTable } from '../nodes-table.ts';

interface Flags extends MasterFlags {
  where?: string;
  health?: boolean;
  json?: boolean;
}

export function addNodes(program: Command): void {
  const command = program
    .command('nodes')
    .description('list the machines the master knows, what each is doing, and why some are out of service')
    .option('-w, --where <selector>', `only those that it fits, such as 'cpus >= 4 && "gpu" in labels'`)
    .option('--health', 'how the last members on each ended, and its last trouble');
  addMasterOptions(command).option('--json', 'as JSON').action(nodes);
}

async function nodes({ where, health, json, ...flags }: Flags): Promise<void> {
  const fits = where === undefined ? () => true : await compiled(where);
  const { views, healths } = await withMaster(flags, async (client) => ({
    views: await listNodes(client),
    healths: health ? await nodesHealth(client) : [],
  }));
  const shown = views.filter(fits);
  if (health && shown.length > 0) {
    const names = new Set(shown.map(({ name }) => name));
    const asked = healths.filter(({ node }) => names.has(node));
    process.stdout.write(json ? `${JSON.stringify(asked, null, 2)}\n` : healthTable(asked));
  } else if (json) process.stdout.write(`${JSON.stringify(shown, null, 2)}\n`);
  else if (views.length === 0)
    process.stdout.write('no machines are connected; start "tutti agent" on some\n');
  else if (shown.length === 0)
    process.stdout.write(`none of the ${views.length} machines fits ${where ?? ''}\n`);
  else process.stdout.write(nodesTable(shown, Date.now()));
}

/** Throws `USAGE`. */
async function compiled(where: string): Promise<(view: NodeView) => boolean> {
  const { checkSelector, compileSelector } = await import('@tutti/protocol/selector');
  const checked = checkSelector(where);
  if (checked.ok) return compileSelector(where);
  const hint = checked.hint === undefined ? '' : `\n${checked.hint}`;
  throw new TuttiError(
    'USAGE',
    `--where: ${checked.message}\n  ${where}\n  ${' '.repeat(checked.at)}^${hint}`,
  );
}
