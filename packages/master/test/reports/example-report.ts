/** The report of the documentation's example, and the same run cut short. */
import type { Report, ReportMember } from '@tutti/protocol';

const members: ReportMember[] = [
  {
    member: 'server.0',
    role: 'server',
    index: 0,
    node: 'n1',
    status: 'PASS',
    exit: 0,
    duration: 2.8,
    dir: 'tests/01-throughput/attempt-1/server.0',
  },
  {
    member: 'client.0',
    role: 'client',
    index: 0,
    node: 'n2',
    status: 'PASS',
    exit: 0,
    duration: 2.7004,
    dir: 'tests/01-throughput/attempt-1/client.0',
  },
];

export const finished: Report = {
  tutti: 1,
  run: 1,
  id: '6f1c0000000000000000000000000000',
  suite: 'traffic',
  status: 'PASS',
  started: '2026-11-21T10:00:00.123Z',
  duration: 4.2,
  summary: {
    total: 1,
    pass: 1,
    warn: 0,
    skip: 0,
    xfail: 0,
    xpass: 0,
    cancel: 0,
    fail: 0,
    interrupted: 0,
    error: 0,
  },
  nodes: [
    {
      name: 'n1',
      addresses: ['10.77.0.2', 'fd00::2'],
      os: 'Debian 12',
      kernel: '6.1.0',
      arch: 'x64',
      cpus: 2,
      memory: 25769803776,
    },
  ],
  tests: [
    {
      name: 'throughput',
      status: 'PASS',
      duration: 2.9,
      params: { seconds: 1, mode: 'no' },
      attempts: [
        {
          n: 1,
          status: 'PASS',
          members,
          subtests: [{ name: 'tcp', member: 'client.0', status: 'PASS', measure: 9410, unit: 'Mbit/s' }],
          barriers: [{ name: 'ready', generation: 0, size: 3, skew: 0.0123 }],
        },
      ],
    },
  ],
};

/** What a master that died leaves: one test over, one running, one that had not begun. */
export const partial: Report = {
  ...finished,
  status: 'RUNNING',
  duration: undefined,
  summary: { ...finished.summary, total: 3, pass: 1 },
  tests: [
    ...finished.tests,
    {
      name: 'ring',
      status: 'RUNNING',
      params: {},
      cause: 'client.0 on n2: exited with status 1',
      attempts: [
        {
          n: 1,
          status: 'RUNNING',
          members: [
            { ...members[0]!, status: 'RUNNING', exit: undefined, duration: undefined },
            { ...members[1]!, status: 'FAIL', exit: 1, cause: 'exited with status 1' },
          ],
          subtests: [],
          barriers: [],
        },
      ],
    },
    { name: 'later', status: 'RUNNING', params: {}, attempts: [] },
  ],
};
