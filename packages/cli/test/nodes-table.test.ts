import type { NodeView } from '@tutti/protocol';
import { expect, test } from 'vitest';
import { nodesTable } from '../src/nodes-table.ts';

const NOW = 10_000_000;

const view = (name: string, more: Partial<NodeView>): NodeView => ({
  ...{ name, state: 'idle', connected: true, labels: {}, software: '0.1.0', since: 0 },
  facts: { addresses: ['10.0.0.1'], os: 'Debian', kernel: '6.1', arch: 'x64', cpus: 4, memory: 1 },
  ...more,
});

test('machines have one line each, and below the table is said why some are out of service', () => {
  const drained = { since: NOW - 60_000, reason: 'moving racks' };
  const views = [
    view('n1', { labels: { gpu: '', rack: 'a' } }),
    view('n2', { state: 'running', run: 12, drained }),
    view('n3', {
      ...{ state: 'quarantined', connected: false, maintenance: { since: NOW - 7_200_000 } },
      quarantined: { since: NOW - 3_600_000, reason: 'smoke' },
    }),
    view('n4', { state: 'reserved', run: 9, doing: 'is being released by run 9' }),
    view('n5', { state: 'offline', connected: false }),
  ];
  expect(nodesTable(views, NOW)).toBe(
    [
      'NAME  STATE                              RUN  ADDRESS   OS      CPUS  LABELS',
      'n1    idle                               -    10.0.0.1  Debian  4     gpu rack=a',
      'n2    running, drained                   12   10.0.0.1  Debian  4',
      'n3    quarantined, maintenance, offline  -    10.0.0.1  Debian  4',
      'n4    reserved                           9    10.0.0.1  Debian  4',
      'n5    offline                            -    10.0.0.1  Debian  4',
      '',
      'n2 is drained for 60 s: moving racks',
      'n3 is quarantined for 60 min: smoke',
      'n3 is in maintenance for 2 h',
      'n4 is being released by run 9',
      '',
    ].join('\n'),
  );
  expect(nodesTable(views.slice(0, 1), NOW)).not.toContain('\n\n');
});
