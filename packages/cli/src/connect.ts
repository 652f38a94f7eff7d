/** A command's master: its options, and the connection for as long as the command needs it. */
import { locateMaster, locateToken, MasterClient } from '@tutti/client';
import type { Command } from 'commander';
import { SOFTWARE } from './software.ts';
import { surroundings } from './surroundings.ts';

export interface MasterFlags {
  master?: string;
  tokenFile?: string;
}

export function addMasterOptions(command: Command): Command {
  return command
    .option('--master <url>', 'the master (default: $TUTTI_MASTER, else one on this machine)')
    .option('--token-file <file>', "file that holds the master's token");
}

/** `told`: hears when the master is away and back, for what takes its time. */
export async function withMaster<T>(
  { master, tokenFile }: MasterFlags,
  work: (client: MasterClient) => Promise<T>,
  told?: (line: string) => void,
): Promise<T> {
  const address = locateMaster(master, surroundings());
  const client = await MasterClient.connect({
    address,
    token: () => locateToken(tokenFile, surroundings()),
    software: SOFTWARE,
    ...(told === undefined
      ? {}
      : {
          onLost: ({ message }) =>
            told(`the connection to the master at ${address} is lost: ${message}; trying again for 1 h`),
          onBack: (ms) => told(`the master at ${address} is back after ${(ms / 1000).toFixed(1)} s`),
        }),
  });
  try {
    return await work(client);
  } finally {
    client.close();
  }
}

/** On stderr: what a person should know and a program should not get. */
export function note(line: string): void {
  process.stderr.write(`${line}\n`);
}
