/** A run on this machine alone: a private lab, whose master writes straight into the results directory. */
import { MasterClient } from '@tutti/client';
import { selfCommand } from '../installation.ts';
import { reachOptions, startLab } from '../lab/index.ts';
import { SOFTWARE } from '../software.ts';
import type { Place } from './place.ts';
import { prepareResults } from './results-directory.ts';

export interface LocalOptions {
  agents: number;
  net: 'auto' | 'namespaces' | 'host';
  resultsDir: string;
  signal: AbortSignal;
  note: (line: string) => void;
}

export async function openLocal({ agents, net, resultsDir, signal, note }: LocalOptions): Promise<Place> {
  await prepareResults(resultsDir);
  const lab = await startLab({ agents, net, runsDir: resultsDir, command: selfCommand, signal });
  note(lab.reason);
  try {
    const client = await MasterClient.connect({
      address: lab.url,
      token: () => lab.token,
      software: SOFTWARE,
    });
    return {
      client,
      reach: reachOptions(lab.url),
      failed: lab.failed,
      results: async ({ dir }) => dir,
      partial: ({ dir }) => dir,
      async close() {
        client.close();
        await lab.stop();
      },
    };
  } catch (error) {
    await lab.stop();
    throw error;
  }
}
