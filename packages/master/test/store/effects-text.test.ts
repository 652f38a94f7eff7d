import type { Json } from '@tutti/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { effectsOf, effectsText } from '../../src/store/effects-text.ts';
import type { Effect } from '../../src/sync/effects.ts';

/** Master time in whole microseconds, as seconds: what is kept of an instant. */
const at = fc.integer({ min: 1_700_000_000_000_000, max: 1_800_000_000_000_000 }).map((us) => us / 1e6);
const member = fc.constantFrom('client.0', 'client.1', 'server.0', 'a/test/client.0');
const own = fc.stringMatching(/^[!-~]{8,20}$/);

const release = fc
  .record({
    name: fc.string(),
    generation: fc.nat(),
    hasData: fc.boolean(),
    arrivals: fc.array(fc.tuple(member, own, at, fc.option(fc.jsonValue(), { nil: undefined })), {
      minLength: 1,
    }),
  })
  .map(
    ({ arrivals, ...rest }): Effect => ({
      did: 'release',
      ...rest,
      arrivals: arrivals.map(([who, request, when, data]) => ({
        member: who,
        request: `${who} ${request}`,
        at: when,
        data: rest.hasData ? ((data ?? undefined) as Json | undefined) : undefined,
      })),
    }),
  );

const other = fc
  .record({ request: fc.string(), key: fc.string(), value: fc.jsonValue() })
  .map((set) => JSON.parse(JSON.stringify({ did: 'set', ...set })) as Effect);

describe('effects as text', () => {
  test('say the same when they are read again; instants to the microsecond', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(release, other)), (effects) => {
        const read = effectsOf(effectsText(effects));
        expect(withoutTimes(read)).toEqual(withoutTimes(JSON.parse(JSON.stringify(effects)) as Effect[]));
        for (const [place, effect] of effects.entries())
          for (const [rank, time] of timesOf(effect).entries())
            expect(timesOf(read[place]!)[rank]).toBeCloseTo(time, 5);
      }),
    );
  });

  test('of an older master are read', () => {
    const written = {
      ...{ did: 'release', name: 'ready', generation: 3, hasData: true },
      arrivals: [
        { member: 'client.0', request: 'client.0 request-1', at: 1.5, data: [1] },
        { member: 'client.1', request: 'client.1 request-2', at: 2.5 },
      ],
    };
    expect(effectsOf(JSON.stringify([written]))).toEqual([written]);
  });

  test('of a thousand arrivals have few bytes for each', () => {
    const arrivals = Array.from({ length: 1000 }, (_, n) => ({
      member: `member.${n}`,
      request: `member.${n} request-${n}`,
      at: 1_700_000_000.123456 + n / 1e4,
      data: undefined,
    }));
    const effect = { did: 'release', name: 'ready', generation: 0, hasData: false, arrivals } as const;
    expect(effectsText([effect]).length).toBeLessThan(40 * 1000);
  });
});

function timesOf(effect: Effect): number[] {
  return effect.did === 'release' ? effect.arrivals.map((arrival) => arrival.at) : [];
}

function withoutTimes(effects: Effect[]): unknown[] {
  return effects.map((effect) =>
    effect.did === 'release'
      ? { ...effect, arrivals: effect.arrivals.map((arrival) => ({ ...arrival, at: 0 })) }
      : effect,
  );
}
