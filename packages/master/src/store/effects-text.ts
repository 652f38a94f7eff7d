/**
 * Effects of a space as the text of one row, and back. Pure.
 *
 * A release is written by columns, without what is in it twice: it is the one effect that has thousands of entries, and
 * everybody at its barrier waits until it is written. Older masters have written its arrivals one by one.
 */
import type { Arrival } from '../sync/barrier.ts';
import type { Effect } from '../sync/effects.ts';

type Release = Extract<Effect, { did: 'release' }>;

/** Each list in the order of ranks. */
interface ArrivalColumns {
  readonly member: string[];
  /** From the blank on, where it begins with the member, as requests of a living space do. */
  readonly request: string[];
  /** Master time of the first one, in seconds; and what the others came later, in whole microseconds. */
  readonly from: number;
  readonly after: number[];
  /** Absent: nobody brought any. */
  readonly data?: Arrival['data'][];
}

type WrittenRelease = Omit<Release, 'arrivals'> & { readonly arrivals: ArrivalColumns | readonly Arrival[] };

const MICROSECONDS = 1e6;

export function effectsText(effects: readonly Effect[]): string {
  return JSON.stringify(
    effects.map((effect) => (effect.did === 'release' ? { ...effect, arrivals: columnsOf(effect) } : effect)),
  );
}

export function effectsOf(text: string): Effect[] {
  const written = JSON.parse(text) as (Exclude<Effect, Release> | WrittenRelease)[];
  return written.map((effect) =>
    effect.did === 'release' ? { ...effect, arrivals: arrivalsOf(effect.arrivals) } : effect,
  );
}

function columnsOf({ arrivals, hasData }: Release): ArrivalColumns {
  const from = arrivals[0]?.at ?? 0;
  return {
    member: arrivals.map(({ member }) => member),
    request: arrivals.map(({ member, request }) =>
      request.startsWith(`${member} `) ? request.slice(member.length) : request,
    ),
    from,
    after: arrivals.map(({ at }) => Math.round((at - from) * MICROSECONDS)),
    ...(hasData ? { data: arrivals.map(({ data }) => data) } : {}),
  };
}

function arrivalsOf(written: WrittenRelease['arrivals']): readonly Arrival[] {
  if (!('member' in written)) return written;
  const { member: members, request: requests, from, after, data } = written;
  return members.map((member, rank) => {
    const request = requests[rank] ?? '';
    return {
      member,
      request: request.startsWith(' ') ? member + request : request,
      at: from + (after[rank] ?? 0) / MICROSECONDS,
      data: data?.[rank] ?? undefined,
    };
  });
}
