/**
 * The examples with a member killed in the midst of its work: nobody hangs, the report names who was killed and where,
 * the others failed because of it, and nothing is left behind.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { leftovers } from '../support/traces.ts';
import {
  canNamespace,
  eventually,
  type Found,
  has,
  kill,
  processesWith,
  type RunningTutti,
  readReport,
  reportMistakes,
  startTutti,
} from '../support/tutti.ts';
import { exampleFile, lastAttempt } from './run-example.ts';

const net = canNamespace ? 'namespaces' : 'host';
const NODES: Record<string, string> = { 'server.0': 'n1', 'client.0': 'n2', 'client.1': 'n3' };

const KILLED = 'was (killed|ended by SIGKILL)';
/** The script lives, and notices that its daemon does not. */
const ECHO = 'exited with status 1 .*echo\\.py ended with status 137';

interface Victim {
  test: string;
  param: string;
  member: string;
  /** In the command line of what is killed; without it all of the member's processes are. */
  program?: string;
  /** How it ended, as the cause tells it. */
  ended?: string;
}

test.skipIf(!has('python3')).for<Victim>([
  { test: 'throughput', param: 'seconds=60', member: 'client.1', program: 'throughput-client.py' },
  { test: 'throughput', param: 'seconds=60', member: 'server.0', program: 'throughput-server.ts' },
  { test: 'ring', param: 'laps=100000000', member: 'client.0' },
  { test: 'latency', param: 'rounds=100000000', member: 'client.0', program: 'latency-client.sh' },
  { test: 'latency', param: 'rounds=100000000', member: 'server.0', program: 'python3 echo.py', ended: ECHO },
])(
  '$test fails because of $member when that is killed (needs python3)',
  async ({ test: name, param, member, program, ended = KILLED }) => {
    const args = ['run', exampleFile('traffic'), '--local', '--net', net, '--only', name, '--param', param];
    const run = await startTutti(args, { input: '' });
    await eventually(() => isAtWork(run, name), { timeout: 40_000 });
    const before = processesWith(run.tmp);
    const its = before.filter(({ environment }) => environment['TUTTI_MEMBER'] === member);
    const named = ({ commandLine }: Found) =>
      program === undefined || (commandLine.includes(program) && !commandLine.includes('/wrapper '));
    expect(its.filter(named)).not.toHaveLength(0);
    for (const { pid } of its.filter(named)) kill(pid);

    const outcome = await run.ended;
    expect(outcome.code).toBe(1);
    const report = readReport(join(run.cwd, 'tutti-results/latest'));
    expect(reportMistakes(report)).toEqual([]);
    const [only] = report.tests;
    expect(only?.status).toBe('FAIL');
    expect(only?.cause).toMatch(new RegExp(`^${member} on ${NODES[member]} ${ended}`));
    expect(outcome.stdout).toContain(only?.cause);
    const verdicts = lastAttempt(report, name).members.map((each) => [
      each.member,
      each.status,
      each.because_of,
    ]);
    expect(verdicts, JSON.stringify(lastAttempt(report, name))).toEqual(
      Object.keys(NODES).map((each) => [each, 'FAIL', each === member ? undefined : member]),
    );

    expect(await leftovers(run, undefined, { within: 0 })).toEqual([]);
    const sockets = before.map(({ environment }) => environment['TUTTI_SOCKET'] ?? '');
    expect(sockets.filter((path) => existsSync(path))).toEqual([]);
  },
);

/** Each member has said so: they print a line when all have met, and have their work before them. */
function isAtWork(run: RunningTutti, name: string): boolean {
  const attempt = join(run.cwd, 'tutti-results/latest/tests', `01-${name}`, 'attempt-1');
  return ['client.0', 'client.1'].every(
    (client) => readFileSync(join(attempt, client, 'stdout.log'), 'utf8') !== '',
  );
}
