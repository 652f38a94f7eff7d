/** A machine for who has a master and nothing else of its objects. */
import type { Whereabouts } from '@tutti/protocol';
import type { MasterClient } from '../master-client.ts';
import { Machine } from './machine.ts';

class Place extends Machine {}

/** `title`: for messages. Relative paths are those of this process. */
export function machineAt(client: MasterClient, at: Whereabouts, title: string): Machine {
  const context = {
    client,
    signal: () => undefined,
    cwd: () => process.cwd(),
    behind: new Set<Promise<unknown>>(),
  };
  return new Place(context, title, () => Promise.resolve(at));
}
