/** A run on a master elsewhere; its results are fetched when it is finished. */
import { fetchResults, locateMaster, locateToken, MasterClient } from '@tutti/client';
import { SOFTWARE } from '../software.ts';
import { surroundings } from '../surroundings.ts';
import type { Place } from './place.ts';
import { freeDirectory, pointLatest, prepareResults } from './results-directory.ts';

export interface RemoteOptions {
  master: string | undefined;
  tokenFile: string | undefined;
  resultsDir: string;
  logs: boolean;
  note: (line: string) => void;
}

export async function openRemote({
  master,
  tokenFile,
  resultsDir,
  logs,
  note,
}: RemoteOptions): Promise<Place> {
  const address = locateMaster(master, surroundings());
  const client = await MasterClient.connect({
    address,
    token: () => locateToken(tokenFile, surroundings()),
    software: SOFTWARE,
    onLost: ({ message }) =>
      note(`the connection to the master at ${address} is lost: ${message}; trying again`),
  });
  try {
    await prepareResults(resultsDir);
  } catch (error) {
    client.close();
    throw error;
  }
  return {
    client,
    failed: new Promise<never>(() => {}),
    async results(view) {
      const dir = await freeDirectory(resultsDir, view);
      await fetchResults(client, view.run, dir, logs);
      await pointLatest(resultsDir, dir);
      return dir;
    },
    partial: () => undefined,
    async close() {
      client.close();
    },
  };
}
