/** The machines of a session's run that an earlier master began: they were brought for it, and only the run tells of them. */
import type { Registry } from '../agents/registry.ts';
import type { Run } from './model.ts';

/** Until they come back they are away, as machines of the pool are. */
export function awaitGuests({ spec, agents, facts }: Run, registry: Pick<Registry, 'awaitGuest'>): void {
  for (const [name, agent] of agents) {
    const known = facts.get(name);
    if (known === undefined) continue;
    const [address] = known.addresses;
    const rest = { boot: '', labels: {}, software: '', address, session: spec.suite };
    registry.awaitGuest({ agent, name, facts: known, ...rest });
  }
}
