/** Waiting for something on a machine: its agent looks, the master keeps the time. */
import type { Clock } from '@tutti/link';
import { type Awaited, type NodeArgs, type NodeResult, TuttiError } from '@tutti/protocol';
import type { Spot } from './spot.ts';

/** Time may stand still for who waits: in a pause of its test. */
export interface StandsStill {
  /** For how many ms it has since then, monotonic. */
  for(since: number): number;
  /** Resolves when it does no more; undefined: it does not. */
  readonly over: Promise<void> | undefined;
}

interface Patience {
  readonly clock: Clock;
  /** How long at most. */
  readonly seconds: number;
  /** When it was asked for first, monotonic ms. */
  readonly since: number;
  readonly standsStill?: StandsStill;
}

export async function wait(
  { node, of, words, gone }: Spot,
  { for: awaited }: NodeArgs<'wait'>,
  patience: Patience,
  signal: AbortSignal,
): Promise<NodeResult<'wait'>> {
  const { clock, seconds, since } = patience;
  const late = new AbortController();
  const waited = () => Math.max(0, clock.monotonicMs() - since) / 1000;
  const cancel = whenPassed(patience, () =>
    late.abort(
      new TuttiError(
        'TIMED_OUT',
        `${words}: ${describeAwaited(awaited)} within ${Math.round(seconds * 1000) / 1000} s`,
      ),
    ),
  );
  try {
    const found = await node.call(
      'machine.wait',
      { ...(of === undefined ? {} : { of }), for: awaited },
      AbortSignal.any([signal, gone, late.signal]),
    );
    return { ...found, waited: waited() };
  } catch (error) {
    throw late.signal.aborted ? late.signal.reason : error;
  } finally {
    cancel();
  }
}

/** Tells once that the time is over, unless the returned function is called. */
function whenPassed({ clock, seconds, since, standsStill }: Patience, passed: () => void): () => void {
  let over = false;
  const left = () => since + seconds * 1000 + (standsStill?.for(since) ?? 0) - clock.monotonicMs();
  const look = () => {
    const still = standsStill?.over;
    if (over) return;
    if (still !== undefined) void still.then(look);
    else if (left() > 0) cancel = clock.after(left(), look);
    else passed();
  };
  let cancel = clock.after(Math.max(0, left()), look);
  return () => {
    over = true;
    cancel();
  };
}

/** What did not happen, in words that complete "db.0 on n1: …". */
export function describeAwaited(awaited: Awaited): string {
  switch (awaited.is) {
    case 'port':
      return `nothing listened on ${awaited.host ?? 'localhost'} port ${awaited.port}`;
    case 'file':
      return `there was no ${awaited.path}`;
    case 'log':
      return `no line of ${awaited.path ?? 'the command'} matched ${JSON.stringify(awaited.pattern)}`;
    case 'unit':
      return `unit ${awaited.unit} was not active`;
  }
}
