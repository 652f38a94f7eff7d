import type { NodeHealth, TestResult } from '@tutti/protocol';
import { expect, test } from 'vitest';
import { healthTable } from '../src/health-table.ts';
import { historyTable } from '../src/history-table.ts';
import { paletteFor } from '../src/progress/palette.ts';

const PLAIN = paletteFor(false, {});
const started = new Date(2030, 0, 2, 3, 4, 5).getTime();

const result = (run: number, more: Partial<TestResult> = {}): TestResult => ({
  ...{ run, index: 0, suite: 'net', status: 'PASS', attempts: 1, started, duration: 1.25 },
  nodes: [{ node: 'n1', members: 1, notOk: 0 }],
  ...more,
});

test('a test has a line for each result, and what they come to', () => {
  const results = [
    result(14, { attempts: 2, nodes: [nodeOf('n2', 1), nodeOf('n1', 0)] }),
    result(13, { status: 'FAIL', cause: 'a.0 on n2\nexited with status 1', nodes: [nodeOf('n2', 1)] }),
    { run: 12, index: 0, suite: 'net', status: 'SKIP' as const, attempts: 0, nodes: [], cause: 'no disk' },
    result(11),
  ];
  expect(historyTable(results, PLAIN)).toBe(
    [
      'RUN  SUITE  STATUS  TOOK   ATTEMPTS  WHEN                 NODES   WHAT',
      '14   net    PASS    1.3 s  2         2030-01-02 03:04:05  n2! n1',
      '13   net    FAIL    1.3 s  1         2030-01-02 03:04:05  n2!     a.0 on n2 exited with status 1',
      '12   net    SKIP    -      0         -                    -       no disk',
      '11   net    PASS    1.3 s  1         2030-01-02 03:04:05  n1',
      '',
      '2 of 3 ok (67 %), 1 flaky (33 %), 1 not run',
      'n2: 2 of 2 members not ok (100 %)',
      '',
    ].join('\n'),
  );
});

test('of many machines some are named', () => {
  const nodes = Array.from({ length: 6 }, (_, n) => nodeOf(`n${n}`, 0));
  expect(historyTable([result(1, { nodes, moreNodes: 3 })], PLAIN)).toContain('n0 n1 n2 n3 and 5 more');
});

test('nothing is said to be nothing', () => {
  expect(historyTable([], PLAIN)).toBe('no such results\n');
  expect(historyTable([result(1, { status: 'SKIP', attempts: 0, nodes: [] })], PLAIN)).toContain(
    '1 result, none of which ran\n',
  );
});

test('machines have a line each, with their last trouble', () => {
  const healths: NodeHealth[] = [
    { node: 'n1', members: 0, fail: 0, error: 0, lost: 0 },
    {
      ...{ node: 'n2', members: 40, since: started, fail: 3, error: 0, lost: 1 },
      trouble: {
        ...{ run: 13, test: 'throughput', member: 'a.0', status: 'FAIL', at: started },
        cause: 'exited with status 1\nmore',
      },
    },
  ];
  expect(healthTable(healths)).toBe(
    [
      'NAME  MEMBERS  SINCE                FAIL  ERROR  LOST  LAST TROUBLE',
      'n1    0        -                    -     -      -     -',
      'n2    40       2030-01-02 03:04:05  3     -      1     2030-01-02 03:04:05 FAIL of a.0 in throughput, run 13: exited with status 1 more',
      '',
    ].join('\n'),
  );
});

function nodeOf(node: string, notOk: number) {
  return { node, members: 1, notOk };
}
