/** A run on a master elsewhere; its results are fetched when it is finished. */
import { fetchResults, locateMaster, locateToken, MasterClient } from '@tutti/client';
import { SOFTWARE } from '../software.ts';
import { surroundings } from '../surroundings.ts';
import type { Place } from './place.ts';
import { freeDirectory, pointLatest } from './results-directory.ts';

export interface RemoteOptions {
  master: string | undefined;
  tokenFile: string | undefined;
  resultsDir: string;
  logs: boolean;
}

export async function openRemote({ master, tokenFile, resultsDir, logs }: RemoteOptions): Promise<Place> {
  const client = await MasterClient.connect({
    address: locateMaster(master, surroundings()),
    token: () => locateToken(tokenFile, surroundings()),
    software: SOFTWARE,
  });
  return {
    client,
    failed: new Promise<never>(() => {}),
    async results(view) {
      const dir = await freeDirectory(resultsDir, view);
      await fetchResults(client, view.run, dir, logs);
      await pointLatest(resultsDir, dir);
      return dir;
    },
    async close() {
      client.close();
    },
  };
}
