import { expect, test } from 'vitest';
import { MemberFiles } from '../../src/logs/member-files.ts';
import { type LiveMember, LiveMembers, type Machine } from '../../src/runs/members.ts';
import { NO_HINDRANCE } from '../no-hindrance.ts';

/** As the real one does, it has the name of its node from the node. */
function member(id: string, node: { name: string }): LiveMember {
  return {
    ...{ id, name: `client.${id}`, attempt: 'a', owed: true, complete: false, lost: false },
    files: new MemberFiles('/nonexistent', NO_HINDRANCE),
    node: node.name,
    machine: node,
    end: async () => {},
    collected: async () => {},
    rebooting: async () => {},
    rebootOther: async () => {},
    extend: async () => 0,
    drive: () => Promise.reject(new Error('no driver')),
    present: () => {},
    vanished: () => {},
  };
}

const ids = (live: LiveMembers, node: Machine) => live.onNode(node).map(({ id }) => id);

test('members are found by their node, until they are deleted', () => {
  const live = new LiveMembers();
  const [n1, n2, n3] = [{ name: 'n1' }, { name: 'n2' }, { name: 'n3' }];
  for (const each of [member('1', n1), member('2', n2), member('3', n1)]) live.add(each);
  expect([ids(live, n1), ids(live, n2), ids(live, n3)]).toEqual([['1', '3'], ['2'], []]);
  live.delete('1');
  live.delete('1');
  live.delete('2');
  expect([ids(live, n1), ids(live, n2), live.size]).toEqual([['3'], [], 1]);
});

test('a node that comes back under another name keeps its members, whoever has its old name', () => {
  const live = new LiveMembers();
  const [n1, n2] = [{ name: 'n1' }, { name: 'n2' }];
  for (const each of [member('1', n1), member('2', n2)]) live.add(each);
  n2.name = 'n3';
  n1.name = 'n2';
  expect([ids(live, n1), ids(live, n2)]).toEqual([['1'], ['2']]);
  expect(live.on(n1, '1').id).toBe('1');
  expect(() => live.on(n2, '1')).toThrow('is not under way on n3');
});
