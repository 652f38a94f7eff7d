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

const [throughput] = finished.tests;
const [first] = throughput!.attempts;

/** The same with everything that a report can say: failed, tried again, and passed. */
export const retried: Report = {
  ...finished,
  setup: { name: 'setup', status: 'PASS', duration: 0.5, params: {}, attempts: [] },
  teardown: { name: 'teardown', status: 'PASS', duration: 0.1, params: {}, attempts: [] },
  tests: [
    {
      ...throughput!,
      flaky: true,
      started: 0.6,
      duration: 6.1,
      tags: ['smoke', 'net'],
      attempts: [
        {
          ...first!,
          status: 'FAIL',
          cause: 'client.0 on n2: exited with status 1',
          started: 0.7,
          duration: 2.9,
          members: [
            {
              ...members[0]!,
              status: 'FAIL',
              exit: 1,
              because_of: 'client.0',
              cause: 'exited with status 1',
              started: 0.01,
              ended: 2.81,
            },
            {
              ...members[1]!,
              status: 'FAIL',
              exit: 1,
              cause: 'exited with status 1',
              started: 0.02,
              ended: 2.5,
              incarnations: [
                { started: 0.02, ended: 0.5 },
                { started: 1.4, ended: 2.5 },
              ],
            },
          ],
          subtests: [{ name: 'tcp', member: 'client.0', status: 'FAIL', message: 'too slow', at: 1.9 }],
          barriers: [
            {
              name: 'ready',
              generation: 0,
              size: 2,
              skew: 1.1,
              released: 1.6,
              arrivals: [
                { member: 'server.0', at: 0.5 },
                { member: 'client.0', at: 1.6 },
              ],
            },
          ],
          waits: [
            { member: 'server.0', what: 'key "port"', from: 0.1, to: 0.3 },
            {
              member: 'server.0',
              what: 'barrier "done"',
              from: 2,
              to: 2.6,
              error: 'barrier "done" broken after 0.6 s',
              missing: ['client.0'],
            },
          ],
          marks: [{ member: 'server.0', name: 'started', at: 0.4 }],
          pause: {
            ...{ cause: 'client.0 on n2 exited with status 1', from: 2.5004, to: 2.6 },
            ...{ ended: 'retry', by: 'ann@desk', note: 'ann@desk asked for another attempt' },
          },
          omitted: { marks: 12 },
        },
        { ...first!, n: 2, started: 3.7, duration: 2.9, subtests: [] },
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
