/** How machines have fared of late, as a table for people. Pure. */
import type { NodeHealth } from '@tutti/protocol';
import { oneLine } from './progress/columns.ts';
import { localTime } from './runs-table.ts';
import { table } from './table.ts';

const HEAD = ['NAME', 'MEMBERS', 'SINCE', 'FAIL', 'ERROR', 'LOST', 'LAST TROUBLE'];

export function healthTable(healths: readonly NodeHealth[]): string {
  return table([HEAD, ...healths.map(cells)]);
}

function cells({ node, members, since, fail, error, lost, trouble }: NodeHealth): string[] {
  return [
    node,
    String(members),
    since === undefined ? '-' : localTime(since),
    ...[fail, error, lost].map((count) => (count === 0 ? '-' : String(count))),
    trouble === undefined ? '-' : inWords(trouble),
  ];
}

function inWords({ run, test, member, status, cause, at }: NonNullable<NodeHealth['trouble']>): string {
  const why = cause === undefined ? '' : `: ${oneLine(cause)}`;
  return `${localTime(at)} ${status} of ${member} in ${oneLine(test)}, run ${run}${why}`;
}
