/** Whether a test is skipped, and in which words. Pure. */
import { compileSkip, type Machine } from '@tutti/protocol/selector';
import type { Cast } from '../scheduler/pass.ts';
import type { TestRun } from './model.ts';

/** Undefined: it is run. `machine`: the run's nodes by name, as of the allocation. */
export function whySkipped(
  { spec: { skip, params, roles } }: TestRun,
  cast: Cast,
  machine: (name: string) => Machine | undefined,
): string | undefined {
  if (skip === undefined) return undefined;
  const { when, reason } = skip;
  if (when !== undefined) {
    const first = new Map(
      cast.flatMap(({ need, nodes: [name = ''] }) => {
        const found = machine(name);
        return found ? [[need.role, found] as const] : [];
      }),
    );
    // A driver may stand on another role's machine.
    for (const { name, on } of roles) {
      const host = on === undefined ? undefined : first.get(on);
      if (host) first.set(name, host);
    }
    if (!compileSkip(when)(params, first)) return undefined;
  }
  return reason ?? (when === undefined ? 'the suite says so' : `the suite says so: ${when}`);
}
