/** The protocol's schemas by the name they are exported under, so that generated schemas can refer to one another. */
import * as z from 'zod';
import * as protocol from '../../packages/protocol/src/index.ts';

export type NamedSchemas = z.core.$ZodRegistry<{ id: string }>;

export function namedSchemas(wanted: (name: string) => boolean = () => true): NamedSchemas {
  const names = z.registry<{ id: string }>();
  for (const [id, value] of Object.entries(protocol)) {
    if (value instanceof z.ZodType && wanted(id)) names.add(value, { id });
  }
  return names;
}
