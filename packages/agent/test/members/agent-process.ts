/**
 * An agent's members in a process of their own, to be killed: `node agent-process.ts BASE AGENT SPEC.json [FILE N]`.
 * Prepares and starts the member, and the command in SPEC.json.command if there is one, prints `started`, and stays. With FILE it kills itself the moment a file of that name is on
 * the disk for good, the N-th time.
 */
import { subscribe } from 'node:diagnostics_channel';
import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { CommandSpec, MemberSpec } from '@tutti/protocol';
import { Members } from '../../src/members/members.ts';
import { labOptions } from './lab-options.ts';

const [base = '', agent = '', spec = '', crashFile, crashTime] = process.argv.slice(2);
let times = 0;
subscribe('tutti.synced', (message) => {
  if (basename((message as { path: string }).path) !== crashFile) return;
  times += 1;
  if (times === Number(crashTime)) process.kill(process.pid, 'SIGKILL');
});
const quiet = (): void => undefined;
const members = new Members({
  ...labOptions(base, agent),
  rebootCommands: [`: >'${base}/down'`],
  log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
  onEnded: (_member, end) => process.stdout.write(`ended ${JSON.stringify(end)}\n`),
});
await members.adopt();
const asked = JSON.parse(readFileSync(spec, 'utf8')) as MemberSpec;
await members.prepare(asked);
await members.start(asked.member);
const command = `${spec}.command`;
if (existsSync(command)) {
  const order = JSON.parse(readFileSync(command, 'utf8')) as CommandSpec;
  await members.startCommand(order);
  await members.killCommand(order.member, 'request-1', 'CONT');
}
process.stdout.write('started\n');
setInterval(quiet, 1 << 30);
