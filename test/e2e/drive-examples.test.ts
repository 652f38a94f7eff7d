/** The examples that are driven: they pass, and the defects that can be put into them are found. */
import { expect, test } from 'vitest';
import { lastAttempt, runExample, subtests } from './examples/run-example.ts';
import { canNamespace } from './support/tutti.ts';

const driver = (names: string[]): string[] => names.map((name) => `driver.0 ${name}`).toSorted();

test.skipIf(!canNamespace)(
  'failover: nothing that was written is lost, and a write that is, is found',
  async () => {
    const net = ['--net', 'namespaces']; // all listen on the same port
    const steps = [
      'start both',
      'write',
      'the primary dies',
      'the standby takes over',
      'nothing is lost',
      'the old primary comes back as a standby',
    ];
    const sound = await runExample('failover', ...net);
    expect(sound.outcome.code, sound.outcome.stderr).toBe(0);
    expect(subtests(sound.report, 'failover')).toEqual(
      driver(['failover', ...steps.map((step) => `failover / ${step}`)]),
    );

    const broken = await runExample('failover', ...net, '--param', 'lose=10');
    expect(broken.outcome.code).toBe(1);
    const failed = lastAttempt(broken.report, 'failover').subtests.filter(({ status }) => status === 'FAIL');
    expect(failed.map(({ name }) => name)).toEqual(['failover / nothing is lost', 'failover']);
  },
);

test.skipIf(!canNamespace)(
  'upgrade: two servers always answer, and when they do not that is found, with its time',
  async () => {
    const net = ['--net', 'namespaces'];
    const sound = await runExample('upgrade', ...net);
    expect(sound.outcome.code, sound.outcome.stderr).toBe(0);
    expect(subtests(sound.report, 'upgrade')).toEqual(
      driver([
        'upgrade',
        'upgrade / install 1.0',
        'upgrade / upgrade web.0',
        'upgrade / upgrade web.1',
        'upgrade / upgrade web.2',
        'upgrade / all have 2.0',
      ]),
    );

    const broken = await runExample('upgrade', ...net, '--param', 'at_once=2');
    expect(broken.outcome.code).toBe(1);
    expect(broken.report.cause).toMatch(/two servers answer.* broke [\d.]+ s after the test began \(\d{4}-/);
  },
);

test.skipIf(!canNamespace)(
  'partition: counters that lost sight of each other agree again, unless the network stays cut (needs root, iproute2)',
  async () => {
    const sound = await runExample('partition', '--net', 'namespaces');
    expect(sound.outcome.code, sound.outcome.stderr).toBe(0);
    const steps = ['count together', 'cut the network', 'count apart', 'heal'];
    expect(subtests(sound.report, 'partition')).toEqual(
      driver(['partition', ...steps.map((step) => `partition / ${step}`)]),
    );

    const broken = await runExample('partition', '--net', 'namespaces', '--param', 'heal=no');
    expect(broken.outcome.code).toBe(1);
    expect(broken.report.cause).toMatch(
      /until both know 37: did not hold within 5 s, tried \d+ times; .*not 37/,
    );
  },
);
