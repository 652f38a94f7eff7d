/** A suite of two hundred tests of every kind there is, and what has to come of each of them. */
import type { Status } from '@tutti/protocol';

export interface Expected {
  readonly name: string;
  readonly status: Status;
  /** How each attempt ended, in order. */
  readonly attempts: readonly Status[];
  readonly flaky?: boolean;
  /** Matches its cause. */
  readonly cause?: RegExp;
}

interface Kind {
  readonly name: string;
  /** Of the test in the suite file, as YAML in one line. */
  readonly says?: string;
  readonly roles: string;
  readonly count: number;
  readonly outcome: Omit<Expected, 'name'>;
  /** It runs while nothing else does. */
  readonly alone?: boolean;
}

const FAILED = /^peer\.0 on n\d exited with status 3 \(last line: "no route to host"\)$/;

/** `victim`: the test whose agent is killed. */
const KINDS: readonly Kind[] = [
  {
    name: 'passes',
    roles: '{ peer: ./pass.sh }',
    count: 69,
    outcome: { status: 'PASS', attempts: ['PASS'] },
  },
  {
    name: 'meets',
    roles: '{ peer: { run: ./meet.sh, count: 3 } }',
    count: 6,
    outcome: { status: 'PASS', attempts: ['PASS'] },
  },
  {
    // All machines of the run, so that as many tests may run beside each other.
    name: 'meets all',
    roles: '{ peer: { run: ./meet.sh, count: 8 } }',
    count: 1,
    outcome: { status: 'PASS', attempts: ['PASS'] },
  },
  {
    name: 'warns',
    roles: '{ peer: ./warn.sh }',
    count: 3,
    outcome: { status: 'WARN', attempts: ['WARN'] },
  },
  {
    name: 'fails',
    roles: '{ peer: ./fail.sh }',
    count: 12,
    outcome: { status: 'FAIL', attempts: ['FAIL'], cause: FAILED },
  },
  {
    name: 'wavers',
    says: 'retries: 1',
    roles: '{ peer: ./waver.sh }',
    count: 10,
    outcome: { status: 'PASS', attempts: ['FAIL', 'PASS'], flaky: true },
  },
  {
    name: 'victim',
    says: 'grace: 1s, retry-errors: 1',
    roles: '{ peer: ./victim.sh }',
    count: 1,
    outcome: { status: 'PASS', attempts: ['ERROR', 'PASS'], flaky: true },
    alone: true,
  },
  {
    name: 'fails again',
    says: 'retries: 1',
    roles: '{ peer: ./fail.sh }',
    count: 3,
    outcome: { status: 'FAIL', attempts: ['FAIL', 'FAIL'], cause: FAILED },
  },
  {
    name: 'is known to fail',
    says: 'expect: fail, retries: 1',
    roles: '{ peer: ./fail.sh }',
    count: 10,
    outcome: { status: 'XFAIL', attempts: ['FAIL'], cause: FAILED },
  },
  {
    name: 'was mended',
    says: 'expect: fail',
    roles: '{ peer: ./pass.sh }',
    count: 4,
    outcome: { status: 'XPASS', attempts: ['PASS'] },
  },
  {
    name: 'is skipped',
    says: 'skip: { reason: issue 12 }',
    roles: '{ peer: ./pass.sh }',
    count: 10,
    outcome: { status: 'SKIP', attempts: [], cause: /issue 12/ },
  },
  {
    name: 'skips itself',
    roles: '{ peer: ./skip.sh }',
    count: 5,
    outcome: { status: 'SKIP', attempts: ['SKIP'], cause: /no rdma here/ },
  },
  {
    name: 'finds the lab broken',
    says: 'retry-errors: 1',
    roles: '{ peer: ./broken-lab.sh }',
    count: 4,
    outcome: { status: 'ERROR', attempts: ['ERROR', 'ERROR'], cause: /no such disk/ },
  },
  {
    name: 'waits in vain',
    says: 'timeout: 5s',
    roles: '{ peer: { run: ./wait.sh, count: 2 } }',
    count: 2,
    outcome: { status: 'INTERRUPTED', attempts: ['INTERRUPTED'], cause: /waited at key "never"/ },
  },
  {
    name: 'passes too',
    roles: '{ peer: ./pass.sh }',
    count: 60,
    outcome: { status: 'PASS', attempts: ['PASS'] },
  },
];

/** `stage`: a directory that scripts and story share. */
export function suiteFiles(stage: string): Record<string, string> {
  const tests = KINDS.map(({ name, says, roles, count, alone }) => {
    const fields = [
      `name: ${name}`,
      ...(says === undefined ? [] : [says]),
      ...(alone ? [] : ['parallel: true']),
      ...(count > 1 ? [`matrix: { n: [${Array.from({ length: count }, (_, n) => n + 1).join(', ')}] }`] : []),
      `roles: ${roles}`,
    ];
    return `  - { ${fields.join(', ')} }`;
  });
  return {
    'suite.yaml': [
      'suite: everything',
      `env: { STAGE: ${JSON.stringify(stage)} }`,
      'setup: ./setup.sh',
      'teardown: ./teardown.sh',
      'tests:',
      ...tests,
      '',
    ].join('\n'),
    'setup.sh': '#!/bin/sh -e\ntouch "$STAGE/set-up-$TUTTI_NODE"\n',
    'teardown.sh': '#!/bin/sh -e\ntest -e "$STAGE/set-up-$TUTTI_NODE"\n',
    'pass.sh': '#!/bin/sh\necho "all is well"\n',
    'meet.sh': '#!/bin/sh -e\ntutti mark begun\ntutti barrier ready\ntutti barrier done\n',
    'warn.sh': '#!/bin/sh -e\ntutti result speed warn --measure 9.4 --unit MB/s\n',
    'fail.sh': '#!/bin/sh\necho "no route to host"\nexit 3\n',
    'waver.sh': '#!/bin/sh\ntest "$TUTTI_ATTEMPT" = 2\n',
    'skip.sh': '#!/bin/sh\necho "no rdma here"\nexit 77\n',
    'broken-lab.sh': '#!/bin/sh\necho "no such disk"\nexit 99\n',
    'wait.sh':
      '#!/bin/sh\nif [ "$TUTTI_INDEX" = 0 ]; then tutti get --wait --timeout 60 never; else exec sleep 60; fi\n',
    // Says where it is; the second time it waits until that machine is back, so that nothing else meets it dead.
    'victim.sh': `#!/bin/sh -e
echo "$TUTTI_NODE" > "$STAGE/attempt-$TUTTI_ATTEMPT.new"
mv "$STAGE/attempt-$TUTTI_ATTEMPT.new" "$STAGE/attempt-$TUTTI_ATTEMPT"
if [ "$TUTTI_ATTEMPT" = 1 ]; then exec sleep 60; fi
until [ -e "$STAGE/back" ]; do sleep 0.05; done
`,
  };
}

/** Every test, in the order of the suite. */
export const EXPECTED: readonly Expected[] = KINDS.flatMap(({ name, count, outcome }) =>
  Array.from({ length: count }, (_, n) => ({
    name: count > 1 ? `${name}[n=${n + 1}]` : name,
    ...outcome,
  })),
);

export const COUNTS: ReadonlyMap<Status, number> = new Map(
  [...Map.groupBy(EXPECTED, ({ status }) => status)].map(([status, tests]) => [status, tests.length]),
);
