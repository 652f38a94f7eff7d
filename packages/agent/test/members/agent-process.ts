/**
 * An agent's members in a process of their own, to be killed: `node agent-process.ts BASE AGENT SPEC.json`.
 * Prepares and starts the member, prints `started`, and stays.
 */
import { readFileSync } from 'node:fs';
import type { MemberSpec } from '@tutti/protocol';
import { Members } from '../../src/members/members.ts';
import { labOptions } from './lab-options.ts';

const [base = '', agent = '', spec = ''] = process.argv.slice(2);
const quiet = (): void => undefined;
const members = new Members({
  ...labOptions(base, agent),
  log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
  onEnded: (_member, end) => process.stdout.write(`ended ${JSON.stringify(end)}\n`),
});
await members.adopt();
const asked = JSON.parse(readFileSync(spec, 'utf8')) as MemberSpec;
await members.prepare(asked);
await members.start(asked.member);
process.stdout.write('started\n');
setInterval(quiet, 1 << 30);
