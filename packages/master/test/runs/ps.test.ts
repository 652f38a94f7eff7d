import { clientCalls, LIMITS, validate } from '@tutti/protocol';
import { describe, expect, test } from 'vitest';
import type { Run } from '../../src/runs/model.ts';
import { type Instant, psView } from '../../src/runs/ps.ts';
import { FACTS, id } from '../lab.ts';
import { attempt, castOf, command, member, role, testRun, testSpec } from './a-test.ts';

const NOW: Instant = { waits: [], wallMs: 60_000, left: 20 };

function run(count: number): Run {
  const spec = testSpec([role('a', count)]);
  const names = Array.from({ length: count }, (_, index) => `a.${index}`);
  const under = testRun(spec);
  under.state = 'running';
  under.started = 50_000;
  under.attempts.push(attempt(names.map((name) => member(`${name} on n1`, { state: 'running' }))));
  return {
    ...{ number: 7, id: id('1'), spec: { suite: 's', files: [], tests: [spec] }, dir: '/runs/7-s' },
    ...{ phase: 'running', started: 0, priority: 0, owned: false, tests: [under] },
    cast: castOf({ a: ['n1'] }),
    agents: new Map(),
    facts: new Map([['n1', FACTS]]),
  };
}

describe('what a run is at', () => {
  test('is its test, how long it has and had, and who waits for whom since when', () => {
    const wait = { on: 'barrier "ready"', since: 50, missing: ['a.1'], needs: 1 };
    const waits = [{ ...wait, member: 'a.0' }];
    expect(psView(run(2), { ...NOW, waits }, undefined)).toMatchObject({
      head: { run: 7, phase: 'running' },
      test: { name: 'throughput', state: 'running', seconds: 10, left: 20, circles: [] },
      members: [
        { member: 'a.0', waits: [{ on: 'barrier "ready"', seconds: 10, missing: ['a.1'], missingSize: 1 }] },
        { member: 'a.1', state: 'running', waits: [] },
      ],
      more: false,
    });
  });

  test('is what runs on machines for a driver, and who has not started for want of a mark', () => {
    const under = run(2);
    const [first] = under.tests;
    Object.assign(first!.spec, { roles: [role('a', 1), { ...role('b', 1), startAfter: 'a' }] });
    first!.attempts = [
      attempt(
        [member('a.0 on n1', { state: 'running' }), member('b.0 on n2', { role: 'b', state: 'staged' })],
        {
          commands: [
            command({ of: 'a.0', number: 1, state: 'ended' }),
            command({ of: 'a.0', number: 2, title: 'serve', started: 50_000, state: 'running' }),
          ],
        },
      ),
    ];
    expect(psView(under, NOW, undefined).members).toMatchObject([
      { member: 'a.0', commands: [{ number: 2, name: 'serve', seconds: 10 }] },
      { member: 'b.0', state: 'staged', startsAfter: ['a.0'] },
    ]);
    first!.attempts[0]!.members[0]!.marks = [{ name: 'started', at: 1 }];
    expect(psView(under, NOW, undefined).members[1]).toMatchObject({ startsAfter: [] });
  });

  test('is one test at a time, with the names of those that are under way beside it', () => {
    const under = run(1);
    const beside = testRun({ ...testSpec([role('c', 1)]), name: 'beside' });
    Object.assign(beside, {
      state: 'running',
      attempts: [attempt([member('c.0 on n3', { state: 'running' })])],
    });
    const both = { ...under, tests: [...under.tests, beside] };
    expect(psView(both, NOW, undefined)).toMatchObject({ test: { name: 'throughput' }, others: ['beside'] });
    expect(psView(both, NOW, undefined, 'beside')).toMatchObject({
      ...{ test: { name: 'beside' }, others: ['throughput'], members: [{ member: 'c.0' }] },
    });
    expect(psView(both, NOW, undefined, 'over')).not.toHaveProperty('test');
  });

  test('shows circles', () => {
    const waits = [
      { member: 'a.0', on: 'lock "x"', since: 1, missing: ['a.1'], needs: 1 },
      { member: 'a.1', on: 'lock "y"', since: 2, missing: ['a.0'], needs: 1 },
    ];
    expect(psView(run(2), { ...NOW, waits }, undefined).test?.circles).toEqual([['a.0', 'a.1']]);
  });

  test('is nothing before a test has begun, and after the last', () => {
    const waiting = run(2);
    waiting.tests[0]!.state = 'waiting';
    expect(psView(waiting, NOW, undefined)).toMatchObject({ members: [], more: false });
    expect(psView(waiting, NOW, undefined)).not.toHaveProperty('test');
  });

  test('goes through thousands of members, who all wait for thousands, a page that fits into a frame at a time', () => {
    const large = run(2500);
    const names = large.tests[0]!.attempts[0]!.members.map(({ name }) => name);
    const missing = names.slice(1000);
    const waits = names.slice(0, 1000).map((name) => ({
      member: name,
      on: `barrier "${'x'.repeat(128)}"`,
      since: 1,
      missing,
      needs: missing.length,
    }));
    const seen: string[] = [];
    for (let more = true; more; ) {
      const page = psView(large, { ...NOW, waits }, seen.at(-1));
      validate(clientCalls['run.ps'].result, page, 'BAD_RESULT', 'the page');
      expect(JSON.stringify(page).length).toBeLessThan(LIMITS.frame.value / 4);
      seen.push(...page.members.map((each) => each.member));
      ({ more } = page);
    }
    expect(seen).toEqual(names);
  });
});
