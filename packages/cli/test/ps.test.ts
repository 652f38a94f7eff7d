import type { RunAt } from '@tutti/client';
import { describe, expect, test } from 'vitest';
import { describeRun } from '../src/commands/ps.ts';

const AT: RunAt = {
  head: { run: 12, id: '1'.repeat(32), suite: 'netperf', phase: 'running', dir: '/runs/12', size: 1 },
  test: { name: 'throughput', state: 'running', seconds: 12.4, left: 47.6, circles: [] },
  members: [
    {
      ...{ member: 'client.0', node: 'n2', state: 'running' },
      waits: [{ on: 'barrier "ready"', seconds: 3.21, missing: ['server.0'], missingSize: 3 }],
    },
    { member: 'server.0', node: 'n1', state: 'running', waits: [] },
    { member: 'extra.0', node: 'n3', state: 'ended', status: 'PASS', waits: [] },
  ],
};

describe('tutti ps', () => {
  test('shows each member, and whom it waits for', () => {
    expect(describeRun(AT)).toBe(
      [
        'run 12 netperf: running',
        'test throughput: running for 12 s, 48 s left',
        '',
        'MEMBER    NODE  STATE    WAITS',
        'client.0  n2    running  barrier "ready" for 3.2 s: missing server.0 and 2 more',
        'server.0  n1    running  -',
        'extra.0   n3    PASS     -',
        '',
      ].join('\n'),
    );
  });

  test('shows what runs for a driver, who waits to be started, and the tests beside', () => {
    const others = [
      {
        test: { ...AT.test!, name: 'beside' },
        members: [
          {
            ...{ member: 'db.0', node: 'n4', state: 'running' as const, waits: [] },
            commands: [{ number: 2, name: 'serve', seconds: 1.5 }],
          },
          { member: 'late.0', node: 'n5', state: 'staged' as const, waits: [], startsAfter: ['db.0'] },
        ],
      },
    ];
    expect(
      describeRun({ ...AT, others })
        .split('\n')
        .slice(7),
    ).toEqual([
      '',
      'test beside: running for 12 s, 48 s left',
      '',
      'MEMBER  NODE  STATE    WAITS',
      'db.0    n4    running  runs cmd-2 (serve) for 1.5 s',
      'late.0  n5    staged   not started: waits for the mark "started" of db.0',
      '',
    ]);
  });

  test('names circles', () => {
    const test_ = { ...AT.test!, circles: [['a.0', 'b.0']] };
    expect(describeRun({ ...AT, test: test_ })).toContain('\nwaiting in a circle: a.0 → b.0 → a.0\n');
  });

  test('of a run that waits says what for; of one that has ended, how', () => {
    const { head } = AT;
    const at = (more: Partial<RunAt['head']>) => describeRun({ head: { ...head, ...more }, members: [] });
    expect(at({ phase: 'queued', waitsFor: 'needs 3 nodes, 1 is idle' })).toBe(
      'run 12 netperf: queued, needs 3 nodes, 1 is idle\n',
    );
    expect(at({ phase: 'finished', status: 'FAIL', cause: 'x: y' })).toBe('run 12 netperf: FAIL: x: y\n');
  });
});
