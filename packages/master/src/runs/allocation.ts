/** What a run keeps of the machines that it was given, as they are at that moment. */
import type { Clock } from '@tutti/link';
import type { Node } from '../agents/node.ts';
import type { Cast } from '../scheduler/pass.ts';
import type { Run } from './model.ts';

/** `nodes`: those of the cast. */
export function allocation(
  cast: Cast,
  nodes: Iterable<Node>,
  now: number,
): Pick<Run, 'cast' | 'agents' | 'facts' | 'allocated' | 'phase'> {
  const all = [...nodes];
  return {
    cast,
    agents: new Map(all.map(({ name, identity }) => [name, identity.agent])),
    facts: new Map(all.map(({ name, identity, addresses }) => [name, { ...identity.facts, addresses }])),
    allocated: now,
    phase: 'allocated',
  };
}

/** Which of them have been away for so many seconds; one that comes and goes, as after a restart of the master, is as good as there. */
export function goneFor(
  nodes: ReadonlyMap<string, Node>,
  seconds: number,
  clock: Pick<Clock, 'wallMs'>,
): ReadonlySet<string> {
  const now = clock.wallMs();
  const gone = [...nodes].filter(([, node]) => node.session === undefined && node.awayFor(now) >= seconds);
  return new Set(gone.map(([name]) => name));
}
