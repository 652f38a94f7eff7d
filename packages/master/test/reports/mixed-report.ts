/**
 * A run as a lab has it, of any size and always the same: most tests pass, some fail, are skipped, are flaky, and in
 * the middle an agent is killed.
 */
import type { Report, ReportAttempt, ReportBarrier, ReportMember, ReportTest, Status } from '@tutti/protocol';
import { summarise } from '../../src/reports/summary.ts';

const NODES = 8;
const NAMES = ['throughput', 'failover', 'quota', 'rename race', 'lock recovery', 'striping', 'eviction'];

export function mixedReport(tests: number, members = 3): Report {
  let clock = 1.5;
  const made = Array.from({ length: tests }, (_, at) => {
    const test = mixedTest(at, tests, members, clock);
    clock += (test.duration ?? 0) + 0.2;
    return test;
  });
  return {
    tutti: 1,
    run: 42,
    id: '6f1c0000000000000000000000000000',
    suite: 'filesystem',
    status: tests > 1 ? 'ERROR' : 'PASS',
    ...(tests > 1
      ? { cause: 'lock recovery[99]: client.1 on n4 was lost: its node was away for more than 30 s' }
      : {}),
    started: '2026-11-21T10:00:00.123Z',
    duration: milliseconds(clock),
    summary: summarise(made),
    nodes: Array.from({ length: NODES }, (_, at) => ({
      name: `n${at + 1}`,
      addresses: [`10.77.0.${at + 2}`, `fd00::${at + 2}`],
      os: 'Debian 12',
      kernel: '6.1.0-28-amd64',
      arch: 'x64',
      cpus: 8,
      memory: 34_359_738_368,
    })),
    tests: made,
  };
}

function mixedTest(at: number, tests: number, count: number, started: number): ReportTest {
  const name = `${NAMES[at % NAMES.length]}[${at}]`;
  const status = statusOf(at, tests);
  const flaky = at % 41 === 17;
  const causes: Partial<Record<Status, string>> = {
    FAIL: `client.0 on n${((at + 1) % NODES) + 1} exited with status 1 (last line: "write: no space left on device")`,
    ERROR: `client.1 on n4 was lost: its node was away for more than 30 s`,
    INTERRUPTED: 'timed out after 60 s: client.0 has waited at barrier "done" for 58.8 s, missing server.0',
    SKIP: 'server.0 on n1 skipped: no rdma here',
    XFAIL: 'client.0 on n2 exited with status 3',
    XPASS: 'passed, though it is expected to fail',
    WARN: 'client.0 on n2 reported subtest "latency" warn: 3 ms over the goal',
  };
  const cause = causes[status];
  const attempts = flaky
    ? [attempt(1, 'FAIL', at, count, started, causes.FAIL), attempt(2, status, at, count, started + 4, cause)]
    : [attempt(1, status, at, count, started, cause)];
  return {
    name,
    status,
    ...(flaky ? { flaky } : {}),
    started: milliseconds(started),
    duration: milliseconds(attempts.reduce((sum, one) => sum + (one.duration ?? 0), 0.1)),
    ...(at % 5 === 0 ? { tags: ['smoke', 'io'] } : {}),
    params: { streams: 2 ** (at % 5), mode: at % 2 === 0 ? 'sync' : 'async' },
    ...(cause === undefined ? {} : { cause }),
    attempts,
  };
}

function statusOf(at: number, tests: number): Status {
  if (tests === 1) return 'PASS';
  if (at === Math.floor(tests / 2)) return 'ERROR';
  if (at % 41 === 17) return 'PASS';
  if (at % 23 === 5) return 'FAIL';
  if (at % 67 === 30) return 'INTERRUPTED';
  if (at % 19 === 9) return 'SKIP';
  if (at % 53 === 20) return 'XFAIL';
  if (at % 97 === 50) return 'XPASS';
  return at % 37 === 11 ? 'WARN' : 'PASS';
}

function attempt(
  n: number,
  status: Status,
  at: number,
  count: number,
  started: number,
  cause: string | undefined,
): ReportAttempt {
  const length = status === 'INTERRUPTED' ? 60 : 2 + (at % 7) / 2;
  const members = Array.from({ length: count }, (_, index) => member(index, n, status, at, length));
  const bad = status === 'FAIL' || status === 'ERROR' || status === 'INTERRUPTED';
  return {
    n,
    status,
    ...(cause === undefined ? {} : { cause }),
    started: milliseconds(started),
    duration: milliseconds(length),
    members,
    subtests:
      status === 'SKIP'
        ? []
        : [
            { name: 'tcp', member: 'client.0', status: 'PASS', measure: 9410 - at, unit: 'Mbit/s', at: 1.2 },
            { name: 'latency', member: 'client.0', status: bad ? 'FAIL' : 'PASS', message: '3 ms', at: 1.6 },
          ],
    barriers:
      status === 'SKIP'
        ? []
        : [barrier('ready', members, 0.3, 0), ...(bad ? [] : [barrier('done', members, length - 0.4, at)])],
    ...(bad
      ? {
          waits: [
            {
              member: 'server.0',
              what: 'barrier "done"',
              from: 0.9,
              ...(status === 'INTERRUPTED'
                ? { missing: ['client.0'] }
                : {
                    to: length - 0.3,
                    error: 'barrier "done" broken after 1.2 s: 2 of 3 arrived',
                    missing: ['client.0'],
                  }),
            },
          ],
        }
      : {}),
    ...(at % 3 === 0 ? { marks: [{ member: 'server.0', name: 'started', at: 0.1 }] } : {}),
  };
}

function member(index: number, n: number, status: Status, at: number, length: number): ReportMember {
  const role = index === 0 ? 'server' : 'client';
  const number = index === 0 ? 0 : index - 1;
  const culprit = status === 'ERROR' ? index === 2 : index === 1;
  const good = { status: 'PASS' as const, exit: 0 };
  const victim = { status: 'FAIL' as const, exit: 1, because_of: 'client.0', cause: 'exited with status 1' };
  const ends: Partial<Record<Status, Partial<ReportMember> & Pick<ReportMember, 'status'>>> = {
    FAIL: culprit
      ? {
          status: 'FAIL',
          exit: 1,
          cause: 'exited with status 1 (last line: "write: no space left on device")',
        }
      : victim,
    ERROR: culprit
      ? { status: 'ERROR', cause: 'was lost: its node was away for more than 30 s' }
      : { status: 'CANCEL', stopped: 'test over', signal: 'SIGTERM' },
    INTERRUPTED: { status: 'INTERRUPTED', stopped: 'timeout', signal: 'SIGTERM', cause: 'timed out' },
    SKIP:
      index === 0
        ? { status: 'SKIP', exit: 77, cause: 'skipped: no rdma here' }
        : { status: 'CANCEL', stopped: 'test over' },
    XFAIL: culprit ? { status: 'FAIL', exit: 3, cause: 'exited with status 3' } : good,
  };
  const started = milliseconds(0.02 + index / 100);
  const ended = milliseconds(length - index / 20);
  return {
    member: `${role}.${number}`,
    role,
    index: number,
    node: `n${((at + index) % NODES) + 1}`,
    ...(ends[status] ?? good),
    started,
    ended,
    duration: milliseconds(ended - started),
    ...(at % 29 === 3 && index === 1
      ? {
          incarnations: [
            { started, ended: 0.8 },
            { started: 1.4, ended },
          ],
        }
      : {}),
    dir: `tests/${String(at + 1).padStart(4, '0')}-test/attempt-${n}/${role}.${number}`,
  };
}

function barrier(name: string, members: readonly ReportMember[], at: number, shift: number): ReportBarrier {
  const arrivals = members.map((_, index) => ({
    member: members[(index + shift) % members.length]!.member,
    at: milliseconds(at + (index * index) / 12),
  }));
  const last = arrivals.at(-1)!.at;
  return {
    name,
    generation: 0,
    size: members.length,
    skew: milliseconds(last - arrivals[0]!.at),
    released: milliseconds(last + 0.001),
    arrivals,
  };
}

function milliseconds(value: number): number {
  return Math.round(value * 1000) / 1000;
}
