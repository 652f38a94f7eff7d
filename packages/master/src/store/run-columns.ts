/**
 * Runs, tests, attempts, members and commands as rows: the columns of each, and what of a model goes into which. Pure.
 */
import type { Facts, MemberEnd, RunPhase, RunSpec } from '@tutti/protocol';
import type { AttemptRun, CommandRun, MemberRun, Run, TestRun, Trouble, Verdict } from '../runs/model.ts';
import type { Pause } from '../runs/pause.ts';
import { planTests } from '../runs/plan.ts';

/** Columns that hold JSON. */
interface Documents {
  spec: RunSpec;
  cast: Run['cast'];
  agents: Record<string, string>;
  facts: Record<string, Facts>;
  barriers: AttemptRun['barriers'];
  waits: NonNullable<AttemptRun['waits']>;
  boots: NonNullable<MemberRun['boots']>;
  extensions: AttemptRun['extensions'];
  reboots: AttemptRun['reboots'];
  trouble: Trouble;
  pause: Pause;
  rebooting: NonNullable<MemberRun['rebooting']>;
  end: MemberEnd;
  skipped: MemberRun['skipped'];
  subtests: MemberRun['subtests'];
  marks: MemberRun['marks'];
  omitted: MemberRun['omitted'] & NonNullable<AttemptRun['omitted']>;
  verdict: Verdict;
  asked: CommandAsked;
  state: CommandState;
}

/** What of a command never changes, and what does. */
type CommandState = Pick<CommandRun, 'order' | 'state' | 'end' | 'lost' | 'collected' | 'started' | 'ended'>;
type CommandAsked = Omit<CommandRun, keyof CommandState>;

/** The tables are strict: what comes out of a column is what went in. */
export type Row = Record<string, string | number | null>;

/** `once`: written when the row is made; `again`: whenever it is saved. */
const COLUMNS = {
  run: {
    once: ['number', 'id', 'dir', 'spec', 'started', 'priority', 'suite'],
    again: [
      'owned',
      'phase',
      'cast',
      'agents',
      'facts',
      'allocated',
      'cancelled',
      'overdue',
      'status',
      'cause',
      'exit',
      'duration',
    ],
    key: ['number'],
  },
  test: {
    once: ['run', 'idx', 'name'],
    again: ['state', 'started', 'status', 'cause', 'duration'],
    key: ['run', 'idx'],
  },
  attempt: {
    once: ['id', 'run', 'test', 'n'],
    again: [
      'opened',
      'lingers',
      'extensions',
      'reboots',
      'pause',
      'over',
      'trouble',
      'status',
      'cause',
      'barriers',
      'waits',
      'omitted',
      'ended',
    ],
    key: ['id'],
  },
  member: {
    once: ['id', 'attempt', 'place', 'name', 'role', 'idx', 'node', 'essential', 'dir'],
    again: [
      'state',
      'end',
      'end_order',
      'lost',
      'incarnation',
      'rebooting',
      'collected',
      'skipped',
      'subtests',
      'marks',
      'omitted',
      'verdict',
      'started',
      'ended',
      'boots',
    ],
    key: ['id'],
  },
  command: {
    once: ['id', 'attempt', 'place', 'asked'],
    again: ['state'],
    key: ['id'],
  },
} as const;

export type Table = keyof typeof COLUMNS;

/** Writes a row, or what changes of it. */
export function upsert(table: Table): string {
  const { once, again, key } = COLUMNS[table];
  const columns = [...once, ...again];
  const quoted = columns.map((column) => `"${column}"`).join(', ');
  const changes = again.map((column) => `"${column}" = excluded."${column}"`).join(', ');
  return `INSERT INTO ${table} (${quoted}) VALUES (${columns.map((column) => `:${column}`).join(', ')})
    ON CONFLICT (${key.join(', ')}) DO UPDATE SET ${changes}`;
}

export function runRow(run: Run): Row {
  return {
    number: run.number,
    id: run.id,
    dir: run.dir,
    spec: JSON.stringify(run.spec),
    started: run.started,
    priority: run.priority,
    suite: run.spec.suite,
    owned: Number(run.owned),
    phase: run.phase,
    cast: JSON.stringify(run.cast),
    agents: JSON.stringify(Object.fromEntries(run.agents)),
    facts: JSON.stringify(Object.fromEntries(run.facts)),
    allocated: run.allocated ?? null,
    cancelled: run.cancelled ?? null,
    overdue: Number(run.overdue ?? false),
    status: run.status ?? null,
    cause: run.cause ?? null,
    exit: run.exit ?? null,
    duration: run.duration ?? null,
  };
}

export function testRow(run: Run, test: TestRun): Row {
  return {
    run: run.number,
    idx: test.index,
    name: test.part === 'test' ? test.spec.name : null,
    state: test.state,
    started: test.started ?? null,
    status: test.status ?? null,
    cause: test.cause ?? null,
    duration: test.duration ?? null,
  };
}

export function attemptRow(run: Run, test: TestRun, attempt: AttemptRun): Row {
  return {
    id: attempt.id,
    run: run.number,
    test: test.index,
    n: attempt.n,
    opened: attempt.opened ?? null,
    lingers: attempt.lingers ?? null,
    extensions: JSON.stringify(attempt.extensions),
    reboots: JSON.stringify(attempt.reboots),
    pause: attempt.pause === undefined ? null : JSON.stringify(attempt.pause),
    over: attempt.over ?? null,
    trouble: attempt.trouble === undefined ? null : JSON.stringify(attempt.trouble),
    status: attempt.status ?? null,
    cause: attempt.cause ?? null,
    barriers: JSON.stringify(attempt.barriers),
    waits: attempt.waits === undefined ? null : JSON.stringify(attempt.waits),
    omitted: attempt.omitted === undefined ? null : JSON.stringify(attempt.omitted),
    ended: attempt.ended ?? null,
  };
}

export function memberRow(attempt: AttemptRun, member: MemberRun): Row {
  return {
    id: member.id,
    attempt: attempt.id,
    place: attempt.members.indexOf(member),
    name: member.name,
    role: member.role,
    idx: member.index,
    node: member.node,
    essential: Number(member.essential),
    dir: member.dir,
    state: member.state,
    end: member.end === undefined ? null : JSON.stringify(member.end),
    end_order: member.endOrder ?? null,
    lost: member.lost ?? null,
    incarnation: member.incarnation,
    rebooting: member.rebooting === undefined ? null : JSON.stringify(member.rebooting),
    collected: Number(member.collected),
    skipped: JSON.stringify(member.skipped),
    subtests: JSON.stringify(member.subtests),
    marks: JSON.stringify(member.marks),
    omitted: JSON.stringify(member.omitted),
    verdict: member.verdict === undefined ? null : JSON.stringify(member.verdict),
    started: member.started ?? null,
    ended: member.ended ?? null,
    boots: member.boots === undefined ? null : JSON.stringify(member.boots),
  };
}

export function commandRow(attempt: AttemptRun, command: CommandRun): Row {
  const { order, state, end, lost, collected, started, ended, ...asked } = command;
  return {
    id: command.id,
    attempt: attempt.id,
    place: command.place,
    asked: JSON.stringify(asked),
    state: JSON.stringify({ order, state, end, lost, collected, started, ended }),
  };
}

export function runOf(row: Row): Run {
  const spec = json(row, 'spec');
  return {
    number: Number(row['number']),
    id: String(row['id']),
    spec,
    dir: String(row['dir']),
    owned: row['owned'] === 1,
    priority: Number(row['priority']),
    tests: planTests(spec),
    phase: String(row['phase']) as RunPhase,
    started: Number(row['started']),
    cast: json(row, 'cast'),
    agents: new Map(Object.entries(json(row, 'agents'))),
    facts: new Map(Object.entries(json(row, 'facts'))),
    ...given(row, 'allocated', 'cancelled', 'status', 'cause', 'exit', 'duration'),
    ...(row['overdue'] === 1 ? { overdue: true } : {}),
  };
}

/** What has become of a test of the plan. */
export function fillTest(test: TestRun, row: Row): void {
  test.state = String(row['state']) as TestRun['state'];
  Object.assign(test, given(row, 'started', 'status', 'cause', 'duration'));
}

export function attemptOf(row: Row, members: MemberRun[], commands: CommandRun[]): AttemptRun {
  return {
    id: String(row['id']),
    n: Number(row['n']),
    members,
    commands,
    barriers: json(row, 'barriers'),
    extensions: json(row, 'extensions'),
    reboots: json(row, 'reboots'),
    ...given(row, 'opened', 'lingers', 'over', 'status', 'cause', 'ended'),
    ...(row['pause'] === null ? {} : { pause: json(row, 'pause') }),
    ...(row['trouble'] === null ? {} : { trouble: json(row, 'trouble') }),
    ...(row['waits'] === null ? {} : { waits: json(row, 'waits') }),
    ...(row['omitted'] === null ? {} : { omitted: json(row, 'omitted') }),
  };
}

export function memberOf(row: Row, { spec }: TestRun): MemberRun {
  const role = spec.roles.find(({ name }) => name === row['role']);
  const member: MemberRun = {
    id: String(row['id']),
    name: String(row['name']),
    role: String(row['role']),
    index: Number(row['idx']),
    node: String(row['node']),
    essential: row['essential'] === 1,
    ...(role?.script.kind === 'none' ? { driven: true } : {}),
    dir: String(row['dir']),
    state: String(row['state']) as MemberRun['state'],
    incarnation: Number(row['incarnation']),
    collected: row['collected'] === 1,
    skipped: json(row, 'skipped'),
    subtests: json(row, 'subtests'),
    marks: json(row, 'marks'),
    omitted: json(row, 'omitted'),
    ...given(row, 'lost', 'started', 'ended'),
  };
  if (row['rebooting'] !== null) member.rebooting = json(row, 'rebooting');
  if (row['end'] !== null) member.end = json(row, 'end');
  if (row['end_order'] !== null) member.endOrder = Number(row['end_order']);
  if (row['boots'] !== null) member.boots = json(row, 'boots');
  if (row['verdict'] !== null) member.verdict = json(row, 'verdict');
  return member;
}

export function commandOf(row: Row): CommandRun {
  return { ...json(row, 'asked'), ...json(row, 'state') };
}

function json<K extends keyof Documents>(row: Row, column: K): Documents[K] {
  return JSON.parse(String(row[column])) as Documents[K];
}

/** The columns that hold something, as they are. */
function given(row: Row, ...columns: string[]): Record<string, never> {
  const kept = columns.filter((column) => row[column] !== null && row[column] !== undefined);
  return Object.fromEntries(kept.map((column) => [column, row[column]])) as Record<string, never>;
}
