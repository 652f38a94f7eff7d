/**
 * The examples with a member killed in the midst of its work: nobody hangs, the report names who was killed and where,
 * the others failed because of it, and nothing is left behind.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { expectNothingLeft } from '../support/traces.ts';
import {
  canNamespace,
  eventually,
  has,
  kill,
  liveNetworks,
  networkOf,
  processesWith,
  readReport,
  reportMistakes,
  type RunningTutti,
  startTutti,
} from '../support/tutti.ts';
import { exampleFile, lastAttempt } from './run-example.ts';

const net = canNamespace ? 'namespaces' : 'host';
const NODES: Record<string, string> = { 'server.0': 'n1', 'client.0': 'n2', 'client.1': 'n3' };

interface Victim {
  test: string;
  param: string;
  member: string;
  /** In the command line of the process to kill. */
  script: string;
}

test.skipIf(!has('python3')).for<Victim>([
  { test: 'throughput', param: 'seconds=2', member: 'client.1', script: 'throughput-client.py' },
  { test: 'throughput', param: 'seconds=2', member: 'server.0', script: 'throughput-server.ts' },
  { test: 'ring', param: 'laps=10000000', member: 'client.0', script: 'ring.py' },
  { test: 'latency', param: 'rounds=10000000', member: 'client.0', script: 'latency-client.sh' },
])('$test with $member killed fails because of it (needs python3)', async ({ test: name, param, member, script }) => {
  const args = ['run', exampleFile('traffic'), '--local', '--net', net, '--only', name, '--param', param];
  const run = await startTutti(args, { input: '' });
  await eventually(() => isAtWork(run, name), { timeout: 20_000 });
  const before = processesWith(run.tmp);
  const culprits = before.filter(
    ({ commandLine, environment }) => environment['TUTTI_MEMBER'] === member && commandLine.includes(script),
  );
  expect(culprits).not.toHaveLength(0);
  for (const { pid } of culprits) kill(pid);

  const outcome = await run.ended;
  expect(outcome.code).toBe(1);
  const report = readReport(join(run.cwd, 'tutti-results/latest'));
  expect(reportMistakes(report)).toEqual([]);
  const [only] = report.tests;
  expect(only?.status).toBe('FAIL');
  expect(only?.cause).toMatch(new RegExp(`^${member} on ${NODES[member]} was (killed|ended by SIGKILL)`));
  expect(outcome.stdout).toContain(only?.cause);
  const verdicts = lastAttempt(report, name).members.map((each) => [each.member, each.status, each.because_of]);
  expect(verdicts).toEqual(
    Object.keys(NODES).map((each) => [each, 'FAIL', each === member ? undefined : member]),
  );

  await expectNothingLeft(run, undefined, { within: 0 });
  const sockets = before.map(({ environment }) => environment['TUTTI_SOCKET'] ?? '');
  expect(sockets.filter((path) => existsSync(path))).toEqual([]);
  const networks = before.map(({ network }) => network).filter((network) => network !== networkOf('self'));
  expect(networks.filter((network) => liveNetworks().has(network))).toEqual([]);
});

/** Each member has said so: they print a line when all have met, and have their work before them. */
function isAtWork(run: RunningTutti, name: string): boolean {
  const attempt = join(run.cwd, 'tutti-results/latest/tests', `01-${name}`, 'attempt-1');
  return ['client.0', 'client.1'].every(
    (client) => readFileSync(join(attempt, client, 'stdout.log'), 'utf8') !== '',
  );
}
