import type { RunRow } from '@tutti/protocol';
import { describe, expect, test } from 'vitest';
import { runsTable, statusFilter } from '../src/runs-table.ts';

const row = (more: Partial<RunRow>): RunRow => ({
  ...{ run: 12, id: '1'.repeat(32), suite: 'netperf', phase: 'finished', status: 'PASS', exit: 0 },
  ...{ dir: '/runs/12', size: 3, done: 3, notOk: 0, priority: 0, duration: 12.34 },
  started: new Date(2030, 0, 2, 3, 4, 5).getTime(),
  ...more,
});

const { status: _status, exit: _exit, duration: _duration, ...waiting } = row({ phase: 'queued', done: 0 });

describe('the table of runs', () => {
  test('says how each stands, and what it waits for', () => {
    const rows = [
      { ...waiting, run: 14, place: 2, priority: 5, waitsFor: 'needs 2 nodes, 1 is idle' },
      { ...waiting, run: 13, phase: 'running' as const, done: 1 },
      row({ status: 'FAIL', exit: 1, notOk: 1, cause: 'first: client.0 on n2\nexited with status 1' }),
    ];
    expect(runsTable(rows, {}, {})).toBe(
      [
        'RUN  SUITE    STATE                         TESTS          SUBMITTED            TOOK    WHAT',
        '14   netperf  queued, number 2, priority 5  0/3            2030-01-02 03:04:05  -       needs 2 nodes, 1 is idle',
        '13   netperf  running                       1/3            2030-01-02 03:04:05  -',
        '12   netperf  FAIL                          3/3, 1 not ok  2030-01-02 03:04:05  12.3 s  first: client.0 on n2 exited with status 1',
        '',
      ].join('\n'),
    );
    expect(runsTable([], {}, {})).toBe('no such runs\n');
  });

  test('is as wide as the terminal, and coloured there', () => {
    const text = runsTable(
      [row({ cause: 'x'.repeat(200) })],
      { isTTY: true, columns: 60 },
      { TERM: 'xterm' },
    );
    const lines = text.trimEnd().split('\n');
    expect(lines[1]).toContain('\u001b[32mPASS\u001b[0m');
    for (const line of lines) expect(line.replaceAll(/\u001b\[\d+m/g, '').length).toBeLessThanOrEqual(60);
  });
});

describe('--status', () => {
  test('takes phases and verdicts', () => {
    expect(statusFilter([])).toEqual({});
    expect(statusFilter(['queued', 'fail,ERROR'])).toEqual({
      stages: ['queued'],
      statuses: ['FAIL', 'ERROR'],
    });
  });

  test('and suggests the nearest', () => {
    expect(() => statusFilter(['qeued'])).toThrow('no run is ever "qeued"; did you mean queued?');
  });
});
