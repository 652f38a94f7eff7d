import { expect, test } from 'vitest';
import { deal } from '../../src/scheduler/deal.ts';

test('roles get their machines in the order of the suite, the first by name first, and only those they want', () => {
  const server = { role: 'server', count: 1 };
  const client = { role: 'client', count: 2 };
  const gpu = { role: 'gpu', where: '"gpu" in labels', count: 1 };
  const cast = [
    { need: client, nodes: ['n10', 'n1'] },
    { need: gpu, nodes: ['n0'] },
    { need: server, nodes: ['n2'] },
  ];
  expect(deal(cast, [server, client, gpu])).toEqual([
    { need: server, nodes: ['n1'] },
    { need: client, nodes: ['n2', 'n10'] },
    { need: gpu, nodes: ['n0'] },
  ]);
});
