/** Tests, attempts and members as data, for tests that need some. */
import type { MemberEnd, RoleSpec, Status, TestSpec } from '@tutti/protocol';
import type { AttemptRun, CommandRun, MemberRun, TestRun } from '../../src/runs/model.ts';
import type { Cast } from '../../src/scheduler/pass.ts';
import { memberEnd } from '../lab.ts';

export function role(name: string, count = 1, more: Partial<RoleSpec> = {}): RoleSpec {
  return {
    name,
    count,
    script: { kind: 'inline', text: 'true' },
    params: {},
    env: {},
    essential: true,
    ...more,
  };
}

export function testSpec(roles: RoleSpec[], more: Partial<TestSpec> = {}): TestSpec {
  return { name: 'throughput', timeout: 60, linger: 10, grace: 30, params: {}, roles, ...more };
}

export function testRun(spec: TestSpec, index = 0): TestRun {
  return { spec, part: 'test', index, dir: 'tests/01-throughput', state: 'waiting', attempts: [] };
}

/** `castOf({ server: ['n1'], client: ['n2', 'n3'] })` */
export function castOf(roles: Record<string, string[]>): Cast {
  return Object.entries(roles).map(([name, nodes]) => ({ need: { role: name, count: nodes.length }, nodes }));
}

/** `member('client.1 on n3', …)` */
export function member(words: string, more: Partial<MemberRun> = {}): MemberRun {
  const [name = '', , node = 'n1'] = words.split(' ');
  const [inRole = '', index = '0'] = name.split('.');
  return {
    id: '1'.repeat(32),
    name,
    role: inRole,
    index: Number(index),
    node,
    essential: true,
    dir: `tests/01-throughput/attempt-1/${name}`,
    state: 'ended',
    incarnation: 0,
    collected: true,
    subtests: [],
    marks: [],
    omitted: {},
    skipped: [],
    ...more,
  };
}

export function ended(words: string, status: Status, more: Partial<MemberRun> = {}): MemberRun {
  const cause = status === 'PASS' ? {} : { cause: `was ${status}` };
  return member(words, { end: memberEnd(), verdict: { status, ...cause }, ...more });
}

export function exits(exit: MemberEnd['exit'], more: Partial<MemberEnd> = {}): Partial<MemberRun> {
  return { end: memberEnd({ exit, ...more }) };
}

export function attempt(members: MemberRun[], more: Partial<AttemptRun> = {}): AttemptRun {
  return {
    n: 1,
    id: '2'.repeat(32),
    members,
    commands: [],
    barriers: [],
    extensions: {},
    reboots: {},
    ...more,
  };
}

export function command(more: Partial<CommandRun> = {}): CommandRun {
  const of = more.of ?? 'db.0';
  const number = more.number ?? 1;
  return {
    ...{ id: '3'.repeat(32), place: 0, of, number, by: 'driver.0', title: 'true', line: 'true', timeout: 60 },
    ...{
      dir: `tests/01-throughput/attempt-1/${of}/cmd-${number}`,
      asked: 0,
      state: 'ended',
      collected: true,
    },
    ...more,
  };
}
