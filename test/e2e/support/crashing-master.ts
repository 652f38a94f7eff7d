/**
 * A master that names every durable step it takes: `crashing-master.ts STATE LISTEN`. A line `N` on its stdin has it kill
 * itself right after the Nth from then on.
 */
import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { createLog, startMaster } from '@tutti/master';

const [state = '', listen = ''] = process.argv.slice(2);
let left = Number.POSITIVE_INFINITY;
createInterface({ input: process.stdin }).on('line', (line) => {
  left = Number(line);
  process.stdout.write(`counting ${line}\n`);
});
const master = await startMaster({
  state,
  listen,
  software: 'crashing',
  log: createLog({ daemon: 'master', level: 'error', out: process.stderr }),
  onStep(step) {
    // Neither is a step of a run.
    if (step === 'node' || step.startsWith('setting')) return;
    left -= 1;
    writeSync(1, `step ${step}\n`);
    if (left === 0) process.kill(process.pid, 'SIGKILL');
  },
});
process.stdout.write(`ready ${master.url}\n`);
