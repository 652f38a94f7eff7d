import { listNodes, locateMaster, locateToken, MasterClient } from '@tutti/client';
import type { NodeView } from '@tutti/protocol';
import type { Command } from 'commander';
import { SOFTWARE } from '../software.ts';
import { surroundings } from '../surroundings.ts';
import { table } from '../table.ts';

interface Flags {
  master?: string;
  tokenFile?: string;
  json?: boolean;
}

export function addNodes(program: Command): void {
  program
    .command('nodes')
    .description('list the machines the master knows, and what each is doing')
    .option('--master <url>', 'the master (default: $TUTTI_MASTER, else one on this machine)')
    .option('--token-file <file>', "file that holds the master's token")
    .option('--json', 'as JSON')
    .action(nodes);
}

async function nodes(flags: Flags): Promise<void> {
  const client = await MasterClient.connect({
    address: locateMaster(flags.master, surroundings()),
    token: () => locateToken(flags.tokenFile, surroundings()),
    software: SOFTWARE,
  });
  try {
    const views = await listNodes(client);
    process.stdout.write(flags.json ? `${JSON.stringify(views, null, 2)}\n` : asTable(views));
  } finally {
    client.close();
  }
}

const HEAD = ['NAME', 'STATE', 'RUN', 'ADDRESS', 'OS', 'CPUS', 'LABELS'];

function asTable(views: NodeView[]): string {
  if (views.length === 0) return 'no machines are connected; start "tutti agent" on some\n';
  const rows = views.map(({ name, state, run, facts, labels }) => [
    name,
    state,
    run === undefined ? '-' : String(run),
    facts.addresses[0] ?? '-',
    facts.os,
    String(facts.cpus),
    Object.entries(labels)
      .map(([key, value]) => (value === '' ? key : `${key}=${value}`))
      .join(' '),
  ]);
  return table([HEAD, ...rows]);
}
