/** Machines as a table for people, and below it why some of them are out of service. Pure. */
import type { NodeView } from '@tutti/protocol';
import { table } from './table.ts';

const HEAD = ['NAME', 'STATE', 'RUN', 'ADDRESS', 'OS', 'CPUS', 'LABELS'];

/** `now`: Unix ms. */
export function nodesTable(views: readonly NodeView[], now: number): string {
  const rows = views.map(({ name, run, facts, labels, ...view }) => [
    name,
    stateInWords(view),
    run === undefined ? '-' : String(run),
    facts.addresses[0] ?? '-',
    facts.os,
    String(facts.cpus),
    Object.entries(labels)
      .map(([key, value]) => (value === '' ? key : `${key}=${value}`))
      .join(' '),
  ]);
  const remarks = views.flatMap((view) => remarksOn(view, now));
  return [table([HEAD, ...rows]), ...(remarks.length === 0 ? [] : ['\n', ...remarks])].join('');
}

/** `quarantined, offline` · `running, drained` */
function stateInWords({ state, connected, ...orders }: Omit<NodeView, 'name' | 'facts' | 'labels'>): string {
  const held = state === 'running' || state === 'reserved' || state === 'unreachable';
  const ordered = (['quarantined', 'maintenance', 'drained'] as const).filter(
    (order) => orders[order] !== undefined && order !== state,
  );
  const away = !connected && !held && state !== 'offline' ? ['offline'] : [];
  return [state, ...ordered, ...away].join(', ');
}

function remarksOn(view: NodeView, now: number): string[] {
  const { name, doing } = view;
  const orders = (['quarantined', 'maintenance', 'drained'] as const).flatMap((order) => {
    const given = view[order];
    if (given === undefined) return [];
    const what = order === 'maintenance' ? 'in maintenance' : order;
    const why = given.reason === undefined ? '' : `: ${given.reason}`;
    return [`${name} is ${what} for ${span(now - given.since)}${why}\n`];
  });
  return [...orders, ...(doing === undefined ? [] : [`${name} ${doing}\n`])];
}

/** `42 s`, `12 min`, `3 h`, `2 d` */
function span(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return seconds < 48 * 3600 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} d`;
}
