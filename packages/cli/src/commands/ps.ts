import { type RunAt, runAt, runNumber } from '@tutti/client';
import type { MemberAt, TestAt, WaitView } from '@tutti/protocol';
import type { Command } from 'commander';
import { addMasterOptions, type MasterFlags, withMaster } from '../connect.ts';
import { oneLine } from '../progress/columns.ts';
import { table } from '../table.ts';

interface Flags extends MasterFlags {
  json?: boolean;
}

export function addPs(program: Command): void {
  const command = program
    .command('ps')
    .argument('<run>', 'its number, or "last"')
    .description('show what a run is doing: its members, and who waits for whom');
  addMasterOptions(command).option('--json', 'as JSON').action(ps);
}

async function ps(words: string, flags: Flags): Promise<void> {
  const at = await withMaster(flags, async (client) => runAt(client, await runNumber(client, words)));
  process.stdout.write(flags.json ? `${JSON.stringify(at, null, 2)}\n` : describeRun(at));
}

/** For people; ends with a line feed. */
export function describeRun({ head, test, members, others = [] }: RunAt): string {
  const { run, suite, phase, status, waitsFor, cause } = head;
  const title = `run ${run} ${suite}: ${status ?? phase}${waitsFor === undefined ? '' : `, ${waitsFor}`}${cause === undefined ? '' : `: ${cause}`}\n`;
  if (test === undefined) return title;
  return [title, ...[{ test, members }, ...others].map(describeTest)].join('');
}

function describeTest({ test, members }: Pick<RunAt, 'test' | 'members'>, place: number): string {
  if (test === undefined) return '';
  const left = test.left === undefined ? '' : `, ${whole(test.left)} left`;
  const rows = members.map((member) => [
    member.member,
    member.node,
    member.status ?? member.state,
    describeWaits(member),
  ]);
  return [
    place === 0 ? '' : '\n',
    `test ${test.name}: ${test.state} for ${whole(test.seconds)}${left}\n`,
    ...(test.paused === undefined ? [] : describePause(test.paused)),
    '\n',
    table([['MEMBER', 'NODE', 'STATE', 'WAITS'], ...rows]),
    ...test.circles.map((names) => `waiting in a circle: ${[...names, names[0]].join(' → ')}\n`),
  ].join('');
}

/** By this machine's clock, which may differ from the master's. */
function describePause({ cause, since, until, frozen = [] }: NonNullable<TestAt['paused']>): string[] {
  const left = Math.min(until - since, Math.max(0, until - Date.now()));
  return [
    `paused at a failure: ${oneLine(cause)}\n`,
    `goes on by itself in ${whole(left / 1000)}${frozen.length === 0 ? '' : `; frozen: ${frozen.join(', ')}`}\n`,
  ];
}

function describeWaits({ waits, startsAfter, commands = [] }: MemberAt): string {
  const words = [
    ...(startsAfter === undefined ? [] : [`not started: ${describeMark(startsAfter)}`]),
    ...waits.map(describeWait),
    ...commands.map(
      ({ number, name, seconds }) => `runs cmd-${number} (${name}) for ${seconds.toFixed(1)} s`,
    ),
  ];
  return words.length === 0 ? '-' : words.join('; ');
}

function describeMark(missing: readonly string[]): string {
  return missing.length === 0 ? 'about to' : `waits for the mark "started" of ${missing.join(', ')}`;
}

function describeWait({ on, seconds, missing, missingSize }: WaitView): string {
  const since = `${on} for ${seconds.toFixed(1)} s`;
  if (missing.length === 0) return since;
  const more = missingSize > missing.length ? ` and ${missingSize - missing.length} more` : '';
  return `${since}: ${on.startsWith('lock ') ? 'held by' : 'missing'} ${missing.join(', ')}${more}`;
}

function whole(seconds: number): string {
  return `${Math.round(seconds)} s`;
}
