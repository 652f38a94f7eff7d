import type { MemberEnd, Status, StopReason, Subtest } from '@tutti/protocol';
import { describe, expect, test } from 'vitest';
import type { MemberRun } from '../../src/runs/model.ts';
import { attemptVerdict, course, describeEnd, memberVerdict } from '../../src/runs/verdict.ts';
import { memberEnd } from '../lab.ts';
import { attempt, ended, exits, member } from './a-test.ts';

type Row = [MemberEnd['exit'], string, Status, string | undefined];

describe('a script that ended', () => {
  test.for<Row>([
    [{ how: 'exited', code: 0 }, 'bye', 'PASS', undefined],
    [{ how: 'exited', code: 77 }, 'no rdma here', 'SKIP', 'skipped: no rdma here'],
    [{ how: 'exited', code: 77 }, '', 'SKIP', 'skipped'],
    [{ how: 'exited', code: 99 }, 'no disk', 'ERROR', 'exited with status 99 (last line: "no disk")'],
    [{ how: 'exited', code: 1 }, 'a "b"', 'FAIL', 'exited with status 1 (last line: "a \\"b\\"")'],
    [{ how: 'exited', code: 1 }, '', 'FAIL', 'exited with status 1'],
    [{ how: 'exited', code: 255 }, '', 'FAIL', 'exited with status 255'],
    [{ how: 'signalled', signal: 'SIGSEGV' }, 'x', 'FAIL', 'was ended by SIGSEGV (last line: "x")'],
    [{ how: 'killed' }, '', 'FAIL', 'was killed (kill -9 or out of memory)'],
    [{ how: 'not-started', message: 'no python3' }, '', 'ERROR', 'could not be started: no python3'],
  ])('%j, last line "%s", is %s: %s', ([exit, lastLine, status, cause]) => {
    expect(memberVerdict(member('client.0', exits(exit, { lastLine })))).toEqual({
      status,
      ...(cause === undefined ? {} : { cause }),
    });
  });

  test('well says so without its last line', () => {
    expect(describeEnd(memberEnd({ lastLine: 'bye' }))).toBe('ended with status 0');
  });
});

describe('a script that was stopped', () => {
  test.for<[StopReason, Status, string]>([
    ['test-over', 'CANCEL', 'test over'],
    ['timeout', 'INTERRUPTED', 'timed out'],
    ['cancelled', 'INTERRUPTED', 'was cancelled'],
    ['output-limit', 'FAIL', 'was stopped: it wrote more output than is kept (OUTPUT_LIMIT)'],
    ['disk-full', 'ERROR', 'was stopped: the disk of its node is full'],
    ['given-up', 'ERROR', 'was given up by the master'],
  ])('because of %s is %s, however it exited', ([stopped, status, cause]) => {
    for (const code of [0, 1, 77, 99]) {
      const one = member('client.0', exits({ how: 'exited', code }, { stopped }));
      expect(memberVerdict(one)).toEqual({ status, cause });
      expect(describeEnd(one.end!)).toBe(cause);
    }
  });
});

describe('a member', () => {
  test('that is lost is ERROR, whatever it did before', () => {
    const lost = 'was lost: its node was away for more than 30 s';
    expect(memberVerdict(member('client.0', { ...exits({ how: 'exited', code: 0 }), lost }))).toEqual({
      status: 'ERROR',
      cause: lost,
    });
  });

  test('that was never started is CANCEL', () => {
    expect(memberVerdict(member('client.0'))).toEqual({ status: 'CANCEL', cause: 'was never started' });
  });
});

describe('subtests', () => {
  const says = (...statuses: Subtest['status'][]): Partial<MemberRun> => ({
    subtests: statuses.map((status, n) => ({ name: `s${n}`, status, message: 'why' })),
  });

  test.for<[number, Subtest['status'][], Status, string | undefined]>([
    [0, ['pass', 'skip'], 'PASS', undefined],
    [0, ['pass', 'warn'], 'WARN', 'reported subtest "s1" warn: why'],
    [0, ['fail', 'warn', 'fail'], 'FAIL', 'reported subtest "s0" fail: why'],
    [0, ['fail', 'error'], 'ERROR', 'reported subtest "s1" error: why'],
    [1, ['pass'], 'FAIL', 'exited with status 1'],
    [1, ['fail'], 'FAIL', 'exited with status 1'],
    [1, ['error'], 'ERROR', 'reported subtest "s0" error: why'],
    [77, ['warn'], 'SKIP', 'skipped'],
    [77, ['fail'], 'FAIL', 'reported subtest "s0" fail: why'],
    [99, ['fail'], 'ERROR', 'exited with status 99'],
  ])('make the verdict of exit %d only worse: %j is %s', ([code, statuses, status, cause]) => {
    const one = member('client.0', { ...exits({ how: 'exited', code }), ...says(...statuses) });
    expect(memberVerdict(one)).toEqual({ status, ...(cause === undefined ? {} : { cause }) });
  });

  test('that a stopped member reported do not count', () => {
    const one = member('client.0', {
      ...exits({ how: 'exited', code: 0 }, { stopped: 'test-over' }),
      ...says('fail'),
    });
    expect(memberVerdict(one).status).toBe('CANCEL');
  });
});

describe('a member that was told of a break', () => {
  const failed = member('client.0', exits({ how: 'exited', code: 1 }));

  test('and then failed, failed because of who caused it', () => {
    expect(memberVerdict(failed, { culprit: 'server.0' })).toMatchObject({
      status: 'FAIL',
      becauseOf: 'server.0',
    });
  });

  test('that it caused itself failed by itself', () => {
    expect(memberVerdict(failed, { culprit: 'client.0' })).not.toHaveProperty('becauseOf');
  });

  test('that nobody caused failed by itself', () => {
    expect(memberVerdict(failed, { culprit: undefined })).not.toHaveProperty('becauseOf');
  });

  test.for([0, 77, 99])('and then exited with %d stands for itself', (code) => {
    const one = member('client.0', exits({ how: 'exited', code }));
    expect(memberVerdict(one, { culprit: 'server.0' })).not.toHaveProperty('becauseOf');
  });

  test('answers for what it reported itself', () => {
    const one = { ...failed, subtests: [{ name: 's', status: 'error' as const }] };
    expect(memberVerdict(one, { culprit: 'server.0' })).toEqual({
      status: 'ERROR',
      cause: 'reported subtest "s" error',
    });
  });
});

describe('a test goes on', () => {
  const running = member('client.1', { state: 'running' });

  test.for<[string, MemberRun[], string]>([
    ['while an essential member runs', [ended('client.0', 'PASS'), running], 'going'],
    [
      'until the last essential member has ended',
      [ended('client.0', 'PASS'), ended('client.1', 'WARN')],
      'over',
    ],
    ['for the linger after the first FAIL', [ended('client.0', 'FAIL'), running], 'linger'],
    ['no more after an ERROR', [ended('client.0', 'ERROR'), running], 'over'],
    ['no more after a SKIP', [ended('client.0', 'SKIP'), running], 'over'],
    [
      'no more when one fails and another breaks',
      [ended('a.0', 'FAIL'), ended('b.0', 'ERROR'), running],
      'over',
    ],
    [
      'no longer for members that are not essential',
      [ended('client.0', 'PASS'), { ...running, essential: false }],
      'over',
    ],
    ['when one that is not essential fails', [ended('a.0', 'FAIL', { essential: false }), running], 'going'],
    [
      'when one that is not essential is ERROR',
      [ended('a.0', 'ERROR', { essential: false }), running],
      'going',
    ],
    [
      'as if all were essential when none is',
      [ended('a.0', 'FAIL', { essential: false }), { ...running, essential: false }],
      'linger',
    ],
  ])('%s', ([, members, expected]) => {
    expect(course(members)).toBe(expected);
  });
});

describe('the verdict of an attempt', () => {
  const because = (culprit: string): Partial<MemberRun> => ({
    verdict: { status: 'FAIL', cause: 'was told', becauseOf: culprit },
  });
  const over = { end: memberEnd({ stopped: 'test-over' }) };

  test.for<[string, MemberRun[], Status, string | undefined]>([
    ['is PASS when all passed', [ended('a.0', 'PASS'), ended('b.0', 'PASS')], 'PASS', undefined],
    [
      'is the worst of its members',
      [ended('a.0', 'PASS'), ended('b.0 on n2', 'FAIL')],
      'FAIL',
      'b.0 on n2 was FAIL',
    ],
    ['warns with a cause', [ended('a.0', 'WARN')], 'WARN', 'a.0 on n1 was WARN'],
    [
      'is SKIP when one skipped, with the reason',
      [ended('a.0', 'SKIP'), ended('b.0', 'PASS')],
      'SKIP',
      'a.0 on n1 was SKIP',
    ],
    [
      'does not count who is not essential',
      [ended('a.0', 'PASS'), ended('b.0', 'ERROR', { essential: false })],
      'PASS',
      undefined,
    ],
    [
      'counts all when none is essential',
      [ended('a.0', 'FAIL', { essential: false })],
      'FAIL',
      'a.0 on n1 was FAIL',
    ],
    [
      'does not count who was stopped when it was over',
      [ended('a.0', 'FAIL'), ended('b.0', 'CANCEL', over)],
      'FAIL',
      'a.0 on n1 was FAIL',
    ],
    [
      'is not FAIL for those stopped by a skip',
      [ended('a.0', 'SKIP'), ended('b.0', 'CANCEL', over)],
      'SKIP',
      'a.0 on n1 was SKIP',
    ],
    [
      'does not count who failed because of one that counts',
      [ended('a.0', 'ERROR'), ended('b.0', 'FAIL', because('a.0'))],
      'ERROR',
      'a.0 on n1 was ERROR',
    ],
    [
      'counts who failed because of one that passed',
      [ended('a.0', 'PASS'), ended('b.0', 'FAIL', because('a.0'))],
      'FAIL',
      'b.0 on n1 was told',
    ],
    [
      'counts who failed because of one that is not essential',
      [ended('a.0', 'FAIL', { essential: false }), ended('b.0', 'FAIL', because('a.0'))],
      'FAIL',
      'b.0 on n1 was told',
    ],
    [
      'does not count who failed because one was stopped when it was over',
      [ended('s.0', 'SKIP'), ended('a.0', 'CANCEL', over), ended('b.0', 'FAIL', because('a.0'))],
      'SKIP',
      's.0 on n1 was SKIP',
    ],
    [
      'follows a chain of breaks to its root',
      [ended('c.0', 'FAIL', because('b.0')), ended('b.0', 'FAIL', because('a.0')), ended('a.0', 'FAIL')],
      'FAIL',
      'a.0 on n1 was FAIL',
    ],
    [
      'counts the first of a chain whose root passed',
      [ended('c.0', 'FAIL', because('b.0')), ended('b.0', 'FAIL', because('a.0')), ended('a.0', 'PASS')],
      'FAIL',
      'b.0 on n1 was told',
    ],
    [
      'counts two that blame one another',
      [ended('a.0', 'FAIL', because('b.0')), ended('b.0', 'FAIL', because('a.0'))],
      'FAIL',
      'a.0 on n1 was told',
    ],
    [
      'counts a circle, and not those who fell to it',
      [
        ended('d.0', 'FAIL', because('a.0')),
        ended('a.0', 'FAIL', because('b.0')),
        ended('b.0', 'FAIL', because('c.0')),
        ended('c.0', 'FAIL', because('a.0')),
      ],
      'FAIL',
      'a.0 on n1 was told',
    ],
    ['is ERROR when a member has no verdict', [member('a.0')], 'ERROR', undefined],
  ])('%s', ([, members, status, cause]) => {
    expect(attemptVerdict(attempt(members))).toEqual({ status, ...(cause === undefined ? {} : { cause }) });
  });

  test('names what went wrong first', () => {
    const members = [
      ended('a.0', 'FAIL', { endOrder: 2 }),
      ended('b.0', 'WARN', { endOrder: 0 }),
      ended('c.0', 'FAIL', { endOrder: 1 }),
    ];
    expect(attemptVerdict(attempt(members)).cause).toBe('c.0 on n1 was FAIL');
  });

  test('is that of its trouble, when that is worse, with its cause', () => {
    const trouble = { status: 'INTERRUPTED' as const, cause: 'timed out after 3 s' };
    const stopped = ended('a.0', 'INTERRUPTED', { end: memberEnd({ stopped: 'timeout' }) });
    expect(attemptVerdict(attempt([stopped], { trouble }))).toEqual({
      status: 'INTERRUPTED',
      cause: 'timed out after 3 s',
    });
  });

  test('is ERROR when staging failed, though nobody was started', () => {
    const trouble = { status: 'ERROR' as const, cause: 'a.0 on n1 could not be staged: no room' };
    const waiting = ended('a.0', 'CANCEL', { state: 'staged' });
    expect(attemptVerdict(attempt([waiting], { trouble }))).toEqual({
      status: 'ERROR',
      cause: trouble.cause,
    });
  });
});
