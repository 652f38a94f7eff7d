/** examples/traffic, which is also `npm run demo`. */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { canNamespace, has, readReport, temporaryDirectory, tutti } from '../support/tutti.ts';
import {
  barriers,
  type ExampleRun,
  exampleFile,
  lastAttempt,
  members,
  runExample,
  subtests,
} from './run-example.ts';

const canRun = has('python3');

test.skipIf(!canNamespace || !canRun)(
  'traffic measures between three hosts of their own (needs root, iproute2, python3)',
  async () => {
    const run = await runExample('traffic', '--net', 'namespaces');
    expect(run.outcome.stderr).toMatch(/^3 agents in network namespaces\n/);
    expect(run.report.nodes.map(({ name, addresses }) => `${name} ${addresses[0]}`)).toEqual([
      'n1 10.77.0.2',
      'n2 10.77.0.3',
      'n3 10.77.0.4',
    ]);
    expectTraffic(run);
  },
);

test.skipIf(!canRun)("traffic measures on one host's network too (needs python3)", async () => {
  const run = await runExample('traffic', '--net', 'host');
  expect(run.outcome.stderr).toMatch(/^3 agents on this host's network\n/);
  expectTraffic(run);
});

test.skipIf(!canRun).for([1, 4])('the ring closes with %i in it (needs python3)', async (count) => {
  const results = await temporaryDirectory();
  const { code } = await tutti(
    [
      'run',
      '--local',
      '--net',
      'host',
      '--report',
      results,
      '--role',
      `player:${count}=./ring.py`,
      '--param',
      'laps=5',
    ],
    { cwd: dirname(exampleFile('traffic')) },
  );
  expect(code).toBe(0);
  const [token] = lastAttempt(readReport(join(results, 'latest')), 'ring').subtests;
  expect(token).toMatchObject({
    member: 'player.0',
    status: 'PASS',
    message: `${5 * count} hops of ${5 * count}`,
  });
});

function expectTraffic({ outcome, report, dir }: ExampleRun): void {
  expect(outcome.code).toBe(0);
  expect(report).toMatchObject({ suite: 'traffic', status: 'PASS', summary: { total: 3, pass: 3 } });
  expect(report.tests.map(({ name, status }) => `${status} ${name}`)).toEqual([
    'PASS throughput',
    'PASS ring',
    'PASS latency',
  ]);
  expect(report.tests[0]?.params).toEqual({ seconds: 1 });
  expect(new Set(members(report).map(({ member, node, exit }) => `${member} on ${node}: ${exit}`))).toEqual(
    new Set(['server.0 on n1: 0', 'client.0 on n2: 0', 'client.1 on n3: 0']),
  );

  expect(subtests(report, 'throughput')).toEqual([
    'client.0 tcp Mbit/s',
    'client.1 tcp Mbit/s',
    'server.0 all clients Mbit/s',
  ]);
  expect(subtests(report, 'ring')).toEqual(['server.0 hop us', 'server.0 lap ms', 'server.0 token']);
  expect(subtests(report, 'latency')).toEqual(
    ['client.0', 'client.1'].flatMap((client) => ['p50', 'p90', 'p99'].map((name) => `${client} ${name} ms`)),
  );
  for (const { attempts } of report.tests) {
    for (const { status, unit, measure } of attempts[0]?.subtests ?? []) {
      expect(status).toBe('PASS');
      if (unit !== undefined) expect(measure).toBeGreaterThan(0);
    }
  }

  expect(barriers(report, 'throughput')).toEqual(['ready 0', 'done 0']);
  expect(barriers(report, 'ring')).toEqual(['listening 0', 'connected 0', 'done 0']);
  expect(barriers(report, 'latency')).toEqual(['ready 0', 'done 0']);

  const client = lastAttempt(report, 'latency').members.find(({ member }) => member === 'client.1');
  expect(readFileSync(join(dir, client?.dir ?? '', 'stdout.log'), 'utf8')).toMatch(/^500 round trips to /);
  expect(readFileSync(join(dir, client?.dir ?? '', 'out/percentiles'), 'utf8')).toMatch(/^p50 [\d.]+\np90 /);
}
