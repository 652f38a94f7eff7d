/**
 * A process that holds a lab, to be killed: `starter.ts TMP NET BEHAVIOURS`. Prints what happens, then the lab as a line
 * of JSON.
 */
import { type NetWish, startLab } from '../../src/lab/index.ts';

const [tmpRoot = '', net = 'auto', behaviours = '{}'] = process.argv.slice(2);
const lab = await startLab({
  agents: 3,
  net: net as NetWish,
  runsDir: `${tmpRoot}/results`,
  tmpRoot,
  command: [process.execPath, `${import.meta.dirname}/fake-tutti.ts`, behaviours],
  log: (line) => process.stdout.write(`${line}\n`),
  stopMs: 1_000,
});
process.stdout.write(`${JSON.stringify(lab)}\n`);
