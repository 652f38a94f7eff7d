/**
 * Loaded into agents by `NODE_OPTIONS=--import`: writes down which bytes of which files are safe, as they become so. One line of
 * JSON for each; the file is outside of the machine that may crash.
 */
import { subscribe } from 'node:diagnostics_channel';
import { openSync, statSync, writeSync } from 'node:fs';

const { TUTTI_FAULTS_SYNCED: record } = process.env;
if (record !== undefined) {
  const file = openSync(record, 'a');
  subscribe('tutti.synced', (message) => {
    const { path, size } = message as { path: string; size: number };
    const { ino } = statSync(path, { throwIfNoEntry: false }) ?? { ino: 0 };
    writeSync(file, `${JSON.stringify({ path, size, ino })}\n`);
  });
}
