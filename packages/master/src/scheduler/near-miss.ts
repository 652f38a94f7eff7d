/**
 * Why no machine is what a selector wants: for each thing that the selector names, what the machines have of it. It reads
 * the selector's words, not its meaning: it may say more than is needed, never anything untrue.
 */
import { nearest } from '@tutti/protocol';
import type { Machine } from '@tutti/protocol/selector';

/** So many values are named one by one. */
const NAMED = 6;

const LABEL =
  /\blabels\.(\w+)|\blabels\s*\[\s*(?:"([^"]+)"|'([^']+)')\s*\]|(?:"([^"]+)"|'([^']+)')\s+in\s+labels\b/g;

/** `cpus are at most 4 (n3)`, `no machine has the label "rdma"`, … */
export function nearMiss(where: string, machines: readonly Machine[]): string[] {
  const labels = [...where.matchAll(LABEL)].map(
    ([, ...found]) => found.find((name) => name !== undefined) ?? '',
  );
  return [
    ...(names(where, 'name') ? [`there are ${listed(machines.map(({ name }) => name))}`] : []),
    ...(names(where, 'cpus') ? [`cpus are at most ${most(machines, 'cpus', String)}`] : []),
    ...(names(where, 'memory') ? [`memory is at most ${most(machines, 'memory', gibibytes)}`] : []),
    ...(['arch', 'os', 'kernel'] as const)
      .filter((fact) => names(where, fact))
      .map((fact) => `${fact} is ${listed(machines.map(({ facts }) => `"${facts[fact]}"`))}`),
    ...[...new Set(labels)].map((label) => labelMiss(label, machines)),
  ];
}

function names(where: string, word: string): boolean {
  return new RegExp(`(?<![."'\\w])${word}\\b`).test(where);
}

function most(machines: readonly Machine[], fact: 'cpus' | 'memory', say: (value: number) => string): string {
  const best = machines.reduce((first, one) => (one.facts[fact] > first.facts[fact] ? one : first));
  return `${say(best.facts[fact])} (${best.name})`;
}

function gibibytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}

function labelMiss(label: string, machines: readonly Machine[]): string {
  const values = machines.flatMap(({ labels }) =>
    Object.hasOwn(labels, label) ? [`"${labels[label]}"`] : [],
  );
  if (values.length > 0) return `label ${label} is ${listed(values)}`;
  const near = nearest(label, new Set(machines.flatMap(({ labels }) => Object.keys(labels))));
  return `no machine has the label "${label}"${near === undefined ? '' : `, did you mean "${near}"?`}`;
}

function listed(all: readonly string[]): string {
  const distinct = [...new Set(all)];
  const more = distinct.length - NAMED;
  return `${distinct.slice(0, NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
