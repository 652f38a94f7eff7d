import type { ReportAttempt, ReportMember } from '@tutti/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LANES, membersToShow, RELEASES, timelineOf } from '../../src/reports/timeline.ts';
import { anyReport } from './arbitrary-report.ts';
import { finished, retried } from './example-report.ts';

const [attempt] = retried.tests[0]!.attempts;

function of(change: Partial<ReportAttempt>) {
  return timelineOf({ ...attempt!, ...change })!;
}

test('a report without times has no timeline', () => {
  expect(timelineOf(finished.tests[0]!.attempts[0]!)).toBeUndefined();
});

test('who came last to a barrier is whom the others waited for', () => {
  const { releases, lanes } = of({});
  expect(releases).toEqual([
    {
      name: 'ready',
      generation: 0,
      size: 2,
      skew: 1.1,
      at: 1.6,
      last: { member: 'client.0', after: expect.closeTo(1.1) as number },
      first: { member: 'server.0', waited: expect.closeTo(1.1) as number },
    },
  ]);
  expect(lanes[0]?.waits).toMatchObject([
    { on: 'key "port"', from: 0.1, to: 0.3, whom: [] },
    { on: 'barrier "ready"', from: 0.5, to: 1.6, whom: ['client.0'] },
    {
      on: 'barrier "done"',
      from: 2,
      to: 2.6,
      whom: ['client.0'],
      error: 'barrier "done" broken after 0.6 s',
    },
  ]);
  expect(lanes[1]?.waits).toEqual([]);
});

test('a member whose machine rebooted has a run for each boot', () => {
  expect(of({}).lanes.map(({ runs }) => runs)).toEqual([
    [{ from: 0.01, to: 2.81 }],
    [
      { from: 0.02, to: 0.5 },
      { from: 1.4, to: 2.5 },
    ],
  ]);
});

test('marks and subtests are points, told apart when they are bad', () => {
  expect(of({}).lanes.map(({ points }) => points.map(({ at, what }) => `${what} ${at}`))).toEqual([
    ['mark 0.4'],
    ['bad-subtest 1.9'],
  ]);
});

test('it is as long as the last thing that happened', () => {
  expect(of({}).length).toBe(2.9);
  expect(of({ duration: undefined }).length).toBe(2.81);
  expect(of({ marks: [{ member: 'server.0', name: 'late', at: 9 }] }).length).toBe(9);
});

test('a member that still runs, and a wait that still goes on, last to the end of what is known', () => {
  const members: ReportMember[] = attempt!.members.map(({ member, role, index, node, started = 0, dir }) => ({
    member,
    role,
    index,
    node,
    started,
    dir,
    status: 'RUNNING',
  }));
  const waits = [{ member: 'server.0', what: 'key "k"', from: 1 }];
  const { lanes } = of({ members, waits, barriers: [], duration: 5 });
  expect(lanes[0]).toMatchObject({ runs: [{ from: 0.01, to: 5 }], waits: [{ from: 1, to: 5 }] });
});

test('of ten thousand members those that are not ok are shown, in their order, and the rest is counted', () => {
  const members = Array.from(
    { length: 10_000 },
    (_, index): ReportMember => ({
      ...attempt!.members[0]!,
      member: `server.${index}`,
      index,
      status: index % 1000 === 999 ? 'FAIL' : 'PASS',
    }),
  );
  const { lanes, lanesOmitted } = of({ members, barriers: [], waits: [], marks: [], subtests: [] });
  expect(lanes).toHaveLength(LANES);
  expect(lanesOmitted).toBe(10_000 - LANES);
  const shown = lanes.map(({ member }) => member);
  expect(shown.filter(({ status }) => status === 'FAIL')).toHaveLength(10);
  expect(shown.map(({ index }) => index)).toEqual(shown.map(({ index }) => index).toSorted((a, b) => a - b));
  expect(membersToShow(members)).toEqual(shown);
});

test('of ten thousand barriers those with the longest waits are shown, in order of time', () => {
  const barriers = Array.from({ length: 10_000 }, (_, generation) => ({
    name: 'step',
    generation,
    size: 2,
    skew: (generation * 7919) % 10_000,
    released: generation,
  }));
  const { releases, releasesOmitted } = of({ barriers });
  expect(releases).toHaveLength(RELEASES);
  expect(releasesOmitted).toBe(10_000 - RELEASES);
  expect(releases.map(({ skew }) => skew)).toEqual(expect.arrayContaining([9999, 9998, 9900]));
  expect(releases).toEqual(releases.toSorted((a, b) => a.at - b.at));
});

test('of any attempt all lies between its start and its end', () => {
  fc.assert(
    fc.property(anyReport, ({ tests }) => {
      for (const each of tests.flatMap(({ attempts }) => attempts)) {
        const timeline = timelineOf(each);
        for (const { at } of timeline?.releases ?? []) expect(at).toBeLessThanOrEqual(timeline!.length);
        for (const { waits } of timeline?.lanes ?? [])
          for (const { from } of waits) expect(from).toBeLessThanOrEqual(timeline!.length);
      }
    }),
  );
});
