import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { neverSatisfiable } from '../../src/scheduler/never-satisfiable.ts';
import { canBeFilled, machines, need, needs, node } from './lab.ts';

const lab = [node('n1', ['gpu', 'nic']), node('n2', ['nic']), node('n3')].map(({ machine }) => machine);

test.for([
  [[need('x', 3)], undefined],
  [[need('x', 4)], 'the run needs 4 nodes (x 4), the master knows 3 nodes'],
  [
    [need('x', 2, 'gpu')],
    'the run needs 2 nodes (x 2 where "gpu" in labels), the master knows 3 nodes, of which 1 matches (n1)',
  ],
  [
    [need('x', 1, 'nick')],
    'the run needs 1 node (x where "nick" in labels), the master knows 3 nodes, of which none matches; ' +
      'no machine has the label "nick", did you mean "nic"?',
  ],
  [
    [{ role: 'x', count: 1, where: 'cpus >= 8 && memory > 16 * GiB' }, need('y', 1)],
    'the run needs 1 node (x where cpus >= 8 && memory > 16 * GiB), the master knows 3 nodes, of which none matches; ' +
      'cpus are at most 4 (n1); memory is at most 8.0 GiB (n1)',
  ],
  [
    [{ role: 'x', count: 1, where: 'name == "cpus" || arch == "arm64" || labels.gpu == "a100"' }],
    'the run needs 1 node (x where name == "cpus" || arch == "arm64" || labels.gpu == "a100"), ' +
      'the master knows 3 nodes, of which none matches; ' +
      'there are n1, n2, n3; arch is "x64"; label gpu is ""',
  ],
  [
    [need('a', 1, 'gpu'), { role: 'b', count: 1, where: 'labels["gpu"] == ""' }, need('c', 1)],
    'the run needs 2 nodes (a where "gpu" in labels, b where labels["gpu"] == ""), the master knows 3 nodes, ' +
      'of which 1 matches (n1)',
  ],
] as const)('%j: %s', ([wanted, words]) => {
  expect(neverSatisfiable(wanted, lab)).toBe(words);
});

test('without any machine says just that', () => {
  expect(neverSatisfiable([need('x', 1, 'gpu')], [])).toBe(
    'the run needs 1 node (x where "gpu" in labels), the master knows 0 nodes',
  );
});

test('refuses exactly what a search through all assignments does not find', () => {
  fc.assert(
    fc.property(machines, needs, (nodes, wanted) => {
      const all = nodes.map(({ machine }) => machine);
      expect(neverSatisfiable(wanted, all) === undefined).toBe(canBeFilled(wanted, nodes));
    }),
  );
});
