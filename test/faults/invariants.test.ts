/** Every invariant holds for a test that went well, and fails on each way in which it could have gone wrong. */
import { describe, expect, test } from 'vitest';
import type { MemberEvidence, TestEvidence } from './evidence.ts';
import type { Invariant } from './invariants/finding.ts';
import { INVARIANTS } from './invariants/index.ts';

const NAMES = ['a.0', 'a.1'];
const ROUNDS = 2;

/** What two members leave that met twice, one of them having rebooted in between. */
function good(): TestEvidence {
  const data = (round: number) => Object.fromEntries(NAMES.map((name) => [name, `${name} in ${round}`]));
  const round = (index: number, turn: number) => {
    const message = (offset: number, sender: number, sent: number) =>
      JSON.stringify({ offset, data: `${NAMES[sender]} in ${sent}` });
    const release = (generation: number) =>
      JSON.stringify({ generation, rank: index, size: 2, data: data(turn) });
    return [
      `meet ${release(turn)}`,
      `late ${release(0)}`,
      `incr ${2 * turn + index + 1}`,
      `sent ${2 * turn + index}`,
      `took ${message(2 * turn + 1 - index, 1 - index, turn)}`,
      `later ${message(index, index, turn)}`,
      `heard ${message(2 * turn, 0, turn)}`,
      `heard ${message(2 * turn + 1, 1, turn)}`,
    ];
  };
  const numbered = (name: string, incarnation: number, texts: string[]) =>
    texts.map((text, i) => `${name} ${incarnation} ${i + 1} ${text}\n`).join('');
  const said = [
    [[...round(0, 0), ...round(0, 1), 'artifact noise d1gest', 'end']],
    [
      [...round(1, 0), 'reboots'],
      [...round(1, 1), 'artifact noise d1gest', 'end'],
    ],
  ];
  const members = NAMES.map((name, index): MemberEvidence => {
    const logs = (said[index] ?? []).map((texts, incarnation) => numbered(name, incarnation, texts));
    const counts = (said[index] ?? []).map((texts) => texts.length);
    return {
      name,
      node: `n${index + 1}`,
      status: 'PASS',
      cause: '',
      logs: { stdout: logs, stderr: logs.map((log) => `${log}tutti: a remark\n`) },
      artifacts: new Map([['noise', 'd1gest']]),
      notes: counts.flatMap((lines, incarnation) => [
        { what: 'begin', incarnation, lines: 0, at: 1000 * (incarnation + 1) },
        {
          what: incarnation === counts.length - 1 ? 'finish' : 'reboot',
          incarnation,
          lines,
          at: 1000 * (incarnation + 1) + 500,
        },
      ]),
      kept: [],
    };
  });
  return {
    run: 1,
    name: 'exchange',
    status: 'PASS',
    cause: '',
    rounds: ROUNDS,
    members,
    barriers: [
      { name: 'meet', generation: 0, size: 2, skew: 0 },
      { name: 'meet', generation: 1, size: 2, skew: 0 },
    ],
    door: [
      'enter a.0',
      'leave a.0',
      'enter a.1',
      'leave a.1',
      'enter a.1',
      'leave a.1',
      'enter a.0',
      'leave a.0',
    ],
    harms: [],
  };
}

function invariant(name: string): Invariant {
  const found = INVARIANTS.find((each) => each.name === name);
  if (found === undefined) throw new Error(`there is no invariant ${name}`);
  return found;
}

/** The only violation there is. */
function violation(name: string, doctor: (test: TestEvidence, second: MemberEvidence) => void): string {
  const evidence = good();
  const second = evidence.members[1];
  if (second === undefined) throw new Error('there is no second member');
  doctor(evidence, second);
  const { violations } = invariant(name).check(evidence);
  expect(violations).toHaveLength(1);
  return violations[0] ?? '';
}

/** In the log of one incarnation, on both streams. */
function rewrite(member: MemberEvidence, incarnation: number, change: (log: string) => string): void {
  for (const stream of ['stdout', 'stderr'] as const)
    member.logs[stream][incarnation] = change(member.logs[stream][incarnation] ?? '');
}

const crash = (from: number) => ({ kind: 'crash', on: 'n2', from, until: from + 100 }) as const;
const REBOOTED = 'a.1 on n2 ended because its machine rebooted without being asked to';

test('all hold for a test that went well, and have looked at something', () => {
  for (const each of INVARIANTS) {
    const { checked, violations } = each.check(good());
    expect(violations, each.name).toEqual([]);
    expect(checked, each.name).toBeGreaterThan(0);
  }
});

describe('lines', () => {
  const wrong = (change: (lines: string[]) => string[]) =>
    violation('lines', (_, { logs }) => {
      const lines = (logs.stdout[0] ?? '').split('\n').slice(0, -1);
      logs.stdout[0] = change(lines).join('\n').concat('\n');
    });

  test('that are lost at the end are missed', () => {
    expect(wrong((lines) => lines.slice(0, -1))).toBe('stdout.0 of a.1: 9 lines were printed, 8 are there');
  });

  test('that are there twice, or in another order, are found', () => {
    const [first = '', second = ''] = ['meet', 'late'].map(
      (word) => `^stdout.0 of a.1: line . is "a.1 0 . ${word}`,
    );
    const swapped = wrong((lines) => [lines[1] ?? '', lines[0] ?? '', ...lines.slice(2)]);
    expect(swapped).toMatch(new RegExp(second));
    const repeated = wrong((lines) => [lines[0] ?? '', lines[0] ?? '', ...lines.slice(1, -1)]);
    expect(repeated).toMatch(new RegExp(first));
  });

  test('that a machine had kept in its crash are missed, also when nobody knows how many were printed', () => {
    const said = violation('lines', (_, { logs, notes, kept }) => {
      notes.splice(1, 1);
      const text = logs.stdout[0] ?? '';
      kept.push({ run: 1, test: 'exchange', member: 'a.1', stream: 'stdout', incarnation: 0, text });
      logs.stdout[0] = text.slice(0, 30);
    });
    expect(said).toBe('stdout.0 of a.1: what its machine kept in a crash is not all there');
  });
});

describe('artifacts', () => {
  test('that have other contents, or are not there, are found', () => {
    const other = violation('artifacts', (_, { artifacts }) => artifacts.set('noise', '0ther'));
    expect(other).toBe('a.1 wrote noise as d1gest, 0ther is there');
    const none = violation('artifacts', (_, { artifacts }) => artifacts.clear());
    expect(none).toBe('a.1 wrote noise as d1gest, nothing is there');
  });
});

describe('barriers', () => {
  test('that were released with the data of another round are found', () => {
    const said = violation('barriers', (_, member) =>
      rewrite(member, 0, (log) => log.replace('"a.0":"a.0 in 0"', '"a.0":"ghost"')),
    );
    expect(said).toMatch(/^a.1 was released from "meet" in round 0 with .*"a.0":"ghost"/);
  });

  test('that were released in a generation twice are found', () => {
    const said = violation('barriers', (_, member) =>
      rewrite(member, 1, (log) => log.replace('"generation":1', '"generation":0')),
    );
    expect(said).toMatch(/^a.1 was released from "meet" in round 1 with .*"generation":0/);
  });

  test('at which two had the same rank are found', () => {
    const said = violation('barriers', (_, member) =>
      rewrite(member, 0, (log) => log.replace('"rank":1', '"rank":0')),
    );
    expect(said).toBe('ranks of "meet" in round 0: 0, 0');
  });

  test('that somebody never came back from are found', () => {
    const said = violation('barriers', (_, member) =>
      rewrite(member, 1, (log) => log.replace(/.*meet.*\n/, '')),
    );
    expect(said).toBe('a.1 was released from "meet" 1 times in 2 rounds');
  });

  test('that the report counts twice are found', () => {
    const said = violation('barriers', ({ barriers }) =>
      barriers.push({ name: 'meet', generation: 1, size: 2, skew: 0 }),
    );
    expect(said).toBe('the report has meet generation 1 twice');
  });
});

describe('counters', () => {
  test('that gave a value twice, and thereby another never, are found', () => {
    const evidence = good();
    const second = evidence.members[1] as MemberEvidence;
    rewrite(second, 0, (log) => log.replace('incr 2', 'incr 1'));
    expect(invariant('counters').check(evidence).violations).toEqual([
      'the count 1 was given twice',
      'the count 2 was never given',
    ]);
  });
});

describe('messages', () => {
  test('that are taken twice, and others never, are found', () => {
    const evidence = good();
    const second = evidence.members[1] as MemberEvidence;
    rewrite(second, 1, (log) =>
      log.replace('took {"offset":2,"data":"a.0 in 1"', 'took {"offset":3,"data":"a.1 in 1"'),
    );
    expect(invariant('messages').check(evidence).violations).toEqual([
      'message 3 was taken twice',
      'message 2 was never taken',
    ]);
  });

  test('that are heard in another order are found', () => {
    const said = violation('messages', (_, member) =>
      rewrite(member, 0, (log) => log.replace(/(.*heard.*\n)(.*heard.*\n)/, '$2$1')),
    );
    expect(said).toBe('a.1 heard 4 of 4 messages: 1 0 2 3');
  });

  test('that are not heard by all are found', () => {
    const said = violation('messages', (_, member) =>
      rewrite(member, 1, (log) => log.replace(/.*heard.*3.*\n/, '')),
    );
    expect(said).toBe('a.1 heard 3 of 4 messages: 0 1 2');
  });

  test('that are not the same for all are found', () => {
    const said = violation('messages', (_, member) =>
      rewrite(member, 0, (log) =>
        log.replace('heard {"offset":0,"data":"a.0 in 0"', 'heard {"offset":0,"data":"ghost"'),
      ),
    );
    expect(said).toBe('message 0 is "a.0 in 0" and "ghost"');
  });

  test('that a dead caller took are missed', () => {
    const evidence = good();
    const second = evidence.members[1] as MemberEvidence;
    rewrite(second, 0, (log) => log.replace('later {"offset":1', 'later {"offset":0'));
    expect(invariant('messages').check(evidence).violations).toContain(
      'in the topic "later 0" message 1 was never taken',
    );
  });
});

describe('locks', () => {
  test('that two held are found', () => {
    const said = violation('locks', (evidence) => {
      evidence.door = [
        'enter a.0',
        'enter a.1',
        'leave a.1',
        'enter a.0',
        'leave a.0',
        'enter a.1',
        'leave a.1',
      ];
    });
    expect(said).toBe('a.1 entered while a.0 was inside');
  });

  test('that nobody got are found', () => {
    const said = violation('locks', (evidence) => {
      evidence.door = evidence.door.slice(0, -2);
    });
    expect(said).toBe('a.0 entered 1 times in 2 rounds');
  });
});

describe('verdicts', () => {
  test('that are worse than they should be are found', () => {
    const said = violation('verdicts', (evidence) => {
      evidence.status = 'FAIL';
      evidence.cause = 'a.1 on n2 exited with status 1';
    });
    expect(said).toBe('the verdict is FAIL: a.1 on n2 exited with status 1, and should be PASS');
  });

  test('that blame a machine to which nothing happened are found', () => {
    const said = violation('verdicts', (evidence) => {
      evidence.status = 'ERROR';
      evidence.cause = REBOOTED;
    });
    expect(said).toBe(`the verdict is ERROR: ${REBOOTED}, and should be PASS`);
  });

  test('that are good though a member cannot have come to its end are found', () => {
    const said = violation('verdicts', (evidence, { notes }) => {
      notes.splice(1);
      evidence.harms = [crash(1100)];
    });
    expect(said).toBe('the verdict is PASS, and should be ERROR because of crash of n2');
  });

  test('that are good though a script never came to its end are found', () => {
    const said = violation('verdicts', (_, { notes }) => notes.splice(3));
    expect(said).toBe('it passed, and a.1 never came to its end');
  });

  test('are right when they name the machine that came to harm', () => {
    const evidence = { ...good(), status: 'ERROR', cause: REBOOTED, harms: [crash(1100)] };
    expect(invariant('verdicts').check(evidence).violations).toEqual([]);
  });

  test('are right when the machine came to harm before its member began', () => {
    const cause = 'a.1 on n2 was lost: its agent came back without a trace of it';
    const evidence = { ...good(), status: 'ERROR', cause, harms: [{ ...crash(10), until: 20 }] };
    const [first, second] = evidence.members;
    expect(invariant('verdicts').check(evidence).violations).toEqual([
      `the verdict is ERROR: ${cause}, and should be PASS`,
    ]);
    evidence.members = [first!, { ...second!, notes: [] }];
    expect(invariant('verdicts').check(evidence).violations).toEqual([]);
  });
});
