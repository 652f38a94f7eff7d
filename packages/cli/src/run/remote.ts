/** A run on a master elsewhere; its results are fetched when it is finished. */
import { fetchResults, locateMaster, locateToken, MasterClient } from '@tutti/client';
import type { Progress } from '../progress/progress.ts';
import { SOFTWARE } from '../software.ts';
import { surroundings } from '../surroundings.ts';
import type { Place } from './place.ts';
import { freeDirectory, pointLatest, prepareResults } from './results-directory.ts';

export interface RemoteOptions {
  master: string | undefined;
  tokenFile: string | undefined;
  resultsDir: string;
  logs: boolean;
  /** While the master cannot be reached it ends the waiting at once. */
  signal: AbortSignal;
  progress: Progress;
}

export async function openRemote({
  master,
  tokenFile,
  resultsDir,
  logs,
  signal,
  progress,
}: RemoteOptions): Promise<Place> {
  const address = locateMaster(master, surroundings());
  const client = await MasterClient.connect({
    address,
    token: () => locateToken(tokenFile, surroundings()),
    software: SOFTWARE,
    onLost: ({ message }) => {
      progress.note(`the connection to the master at ${address} is lost: ${message}; trying again for 1 h`);
      progress.away(address);
    },
    onBack: (ms) => {
      progress.back();
      progress.note(`the master at ${address} is back after ${(ms / 1000).toFixed(1)} s`);
    },
  });
  try {
    await prepareResults(resultsDir);
  } catch (error) {
    client.close();
    throw error;
  }
  return {
    client,
    reach: [given('--master', master), given('--token-file', tokenFile)].join(''),
    failed: leftAlone(client, address, signal, progress),
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

/**
 * Rejects when the signal comes while the master cannot be reached. With a connection the run's end is waited for, which
 * the signal brings about.
 */
function leftAlone(
  client: MasterClient,
  address: string,
  signal: AbortSignal,
  progress: Progress,
): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => {});
  signal.addEventListener('abort', () => {
    if (client.reachable) return;
    progress.note(`the master at ${address} cancels the run when it finds that nobody waits for it`);
    reject(signal.reason as Error);
  });
  return promise;
}

function given(option: string, value: string | undefined): string {
  return value === undefined ? '' : ` ${option} ${value}`;
}
