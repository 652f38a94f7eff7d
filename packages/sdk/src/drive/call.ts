/** One request of a driver about another member's machine. */
import { TuttiError } from '../errors.ts';
import { type CallBounds, localCall } from '../local-call.ts';
import { inWords, within } from './wait.ts';

/** Which machine: the member that it is to the test, and its own name for messages. */
export interface Place {
  /** `db.0` */
  readonly member: string;
  /** The machine's name. */
  readonly machine: string;
}

/** "db.0 (n1)", for messages. */
export function shown({ member, machine }: Place): string {
  return `${member} (${machine})`;
}

export type Verb =
  | ('start' | 'ended' | 'stop' | 'kill' | 'put' | 'get' | 'wait' | 'reboot' | 'facts')
  | ('open' | 'read' | 'write' | 'resize' | 'attend' | 'close');

export async function ask(
  place: Place,
  verb: Verb,
  args: Record<string, unknown>,
  bounds: CallBounds = {},
): Promise<unknown> {
  const title = bounds.title ?? `${verb} on ${shown(place)}`;
  return localCall('drive', { on: place.member, do: verb, args }, { ...bounds, title });
}

/** The same, given up after so many seconds: for what has no limit of its own on the other side. */
export async function askWithin(
  place: Place,
  verb: Verb,
  args: Record<string, unknown>,
  { timeout, signal, title = `${verb} on ${shown(place)}` }: CallBounds,
): Promise<unknown> {
  const late = (): TuttiError =>
    new TuttiError('TIMED_OUT', `${title}: not done within ${inWords(timeout ?? 0)}`);
  return within(timeout, signal, late, (ending) => ask(place, verb, args, { signal: ending, title }));
}
