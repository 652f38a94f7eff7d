import { expect, test } from 'vitest';
import { BarrierRecords } from '../../src/sync/barrier-records.ts';

function release(times: readonly number[], generation = 0) {
  const arrivals = times.map((at, index) => ({
    member: `client.${index}`,
    request: `r${index}`,
    at,
    data: undefined,
  }));
  return { name: 'ready', generation, arrivals, hasData: false };
}

test('a release is when the last one came, and its arrivals stand in the order of time, not of ranks', () => {
  const records = new BarrierRecords();
  records.add(release([10, 9.5, 12, 11]));
  expect(records.all).toEqual([
    {
      name: 'ready',
      generation: 0,
      size: 4,
      skew: 2.5,
      released: 12,
      arrivals: [
        { member: 'client.1', at: 9.5 },
        { member: 'client.0', at: 10 },
        { member: 'client.3', at: 11 },
        { member: 'client.2', at: 12 },
      ],
    },
  ]);
  expect(records.omitted).toEqual({ barriers: 0, arrivals: 0 });
});

test('of a thousand arrivals the first one and the last ones are kept, the others counted', () => {
  const records = new BarrierRecords();
  records.add(release(Array.from({ length: 1000 }, (_, at) => at)));
  const [{ arrivals = [] } = {}] = records.all;
  expect(arrivals.map(({ at }) => at)).toEqual([0, ...Array.from({ length: 63 }, (_, n) => 937 + n)]);
  expect(records.omitted).toEqual({ barriers: 0, arrivals: 936 });
});

test('who came last by its clock is kept, though its word came early', () => {
  const records = new BarrierRecords();
  const times = Array.from({ length: 200 }, (_, at) => at);
  times[3] = 500;
  records.add(release(times));
  expect(records.all[0]).toMatchObject({ released: 500, size: 200 });
  expect(records.all[0]?.arrivals?.at(-1)).toEqual({ member: 'client.3', at: 500 });
  expect(records.all[0]?.arrivals).toHaveLength(64);
});

test('without room for all arrivals of a barrier it has none, and beyond the last record barriers are counted', () => {
  const records = new BarrierRecords({ records: 3, arrivals: 5, ofOne: 64 });
  for (let n = 0; n < 5; n += 1) records.add(release([n, n + 1], n));
  expect(records.all.map(({ arrivals }) => arrivals?.length)).toEqual([2, 2, 0]);
  expect(records.all.at(-1)).toMatchObject({ generation: 2, released: 3, skew: 1 });
  expect(records.omitted).toEqual({ barriers: 2, arrivals: 2 });
});
