import { expect, test } from 'vitest';
import { listNodes } from '../src/list-nodes.ts';
import type { MasterClient } from '../src/master-client.ts';

test('every page is asked for, each behind the last name of the one before', async () => {
  const names = ['n1', 'n2', 'n3', 'n4', 'n5'];
  const asked: unknown[] = [];
  const call = (_name: string, params: { after?: string }) => {
    asked.push(params);
    const behind = names.slice(names.indexOf(params.after ?? '') + 1);
    return Promise.resolve({
      nodes: behind.slice(0, 2).map((name) => ({ name, since: 1000.4 })),
      more: behind.length > 2,
    });
  };
  const nodes = await listNodes({ call } as unknown as MasterClient);
  expect(nodes.map(({ name }) => name)).toEqual(names);
  expect(nodes[0]?.since).toBe(1000);
  expect(asked).toEqual([{}, { after: 'n2' }, { after: 'n4' }]);
});
