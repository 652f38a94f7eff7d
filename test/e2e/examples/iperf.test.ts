/** examples/iperf: somebody else's daemon, which stays behind unless the agent ends it. */
import { appendFileSync, cpSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { canNamespace, has, readReport, temporaryDirectory, tutti } from '../support/tutti.ts';
import { barriers, exampleFile, lastAttempt, runExample, subtests } from './run-example.ts';

const net = canNamespace ? 'namespaces' : 'host';

test.skipIf(!has('iperf3', 'python3'))(
  'iperf measures with one stream and with four, clients in turn (needs iperf3, python3)',
  async () => {
    const { outcome, report, dir } = await runExample('iperf', '--net', net);
    expect(outcome.code).toBe(0);
    expect(report).toMatchObject({ suite: 'iperf', status: 'PASS', summary: { total: 2, pass: 2 } });
    expect(report.tests.map(({ name, params }) => [name, params])).toEqual([
      ['one stream', { seconds: 1, streams: 1, port: 5201 }],
      ['four streams', { seconds: 1, streams: 4, port: 5201 }],
    ]);
    for (const { name } of report.tests) {
      expect(subtests(report, name)).toEqual(
        expect.arrayContaining(['client.0 tcp Mbit/s', 'client.1 tcp Mbit/s']),
      );
      expect(barriers(report, name)).toEqual(['ready 0', 'done 0']);
      const { members, subtests: all } = lastAttempt(report, name);
      expect(members.map(({ member, status }) => `${status} ${member}`)).toEqual([
        'PASS server.0',
        'PASS client.0',
        'PASS client.1',
      ]);
      expect(all.filter(({ unit }) => unit === 'Mbit/s').every(({ measure }) => (measure ?? 0) > 0)).toBe(
        true,
      );
      const json = readFileSync(join(dir, members[1]?.dir ?? '', 'out/iperf3.json'), 'utf8');
      expect(JSON.parse(json)).toMatchObject({ start: { test_start: { protocol: 'TCP', duration: 1 } } });
    }
  },
);

test('iperf is skipped, and says why, where there is no iperf3', async () => {
  const cwd = await temporaryDirectory();
  cpSync(dirname(exampleFile('iperf')), cwd, { recursive: true });
  appendFileSync(join(cwd, 'iperf.yaml'), 'env: { PATH: /nothing/here }\n');
  const { code } = await tutti(['run', 'iperf.yaml', '--local', '--net', 'host'], { cwd });
  expect(code).toBe(4);
  const { tests } = readReport(join(cwd, 'tutti-results/latest'));
  const cause = expect.stringMatching(
    /^(server|client)\.\d on n\d skipped: iperf3 is not installed$/,
  ) as string;
  expect(tests).toMatchObject([
    { name: 'one stream', status: 'SKIP', cause },
    { name: 'four streams', status: 'SKIP', cause },
  ]);
});
