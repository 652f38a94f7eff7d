/** Which calls of the catalogue are asked by POST, and what is said of the others. */
import {
  type CallEntry,
  calls,
  findCall,
  type HttpCallName,
  LIMITS,
  linkCalls,
  nearest,
  TuttiError,
} from '@tutti/protocol';

const entries = Object.entries(calls as Record<string, CallEntry>).filter(
  ([name, { directions, http }]) =>
    directions.includes('client→master') && http === undefined && !Object.hasOwn(linkCalls, name),
);

export const httpCalls: ReadonlyMap<HttpCallName, CallEntry> = new Map(
  entries as [HttpCallName, CallEntry][],
);

/** Throws `UNKNOWN_CALL`, with what it may be. */
export function httpCall(name: string): { name: HttpCallName; entry: CallEntry } {
  const entry = httpCalls.get(name as HttpCallName);
  if (entry !== undefined) return { name: name as HttpCallName, entry };
  const other = findCall(name, 'client→master');
  if (other?.http !== undefined)
    throw new TuttiError('UNKNOWN_CALL', `${name} works by a session; over HTTP it is ${other.http}`);
  const near = nearest(name, httpCalls.keys());
  throw new TuttiError(
    'UNKNOWN_CALL',
    `unknown call "${name.slice(0, LIMITS.name.value)}"${near === undefined ? '' : `; did you mean ${near}?`}`,
  );
}
