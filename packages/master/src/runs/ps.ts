/** What a run is at and who waits for whom, as `tutti ps` shows it. Pure. */
import { type CallResult, type MemberAt, STARTED_MARK, type TestAt, type WaitView } from '@tutti/protocol';
import { circles, missingInWords, type Wait } from '../sync/wait-graph.ts';
import type { AttemptRun, MemberRun, Run, TestRun } from './model.ts';
import { pauseOf, pauseView } from './pause.ts';
import { present } from './report-values.ts';
import { runHead } from './view.ts';

/** With their waits they surely fit into one frame. */
const PAGE = 100;
const NAMES = 10;
/** Tests beside the one that is shown. */
const OTHERS = 100;

export interface Instant {
  /** Of the attempt that is under way. */
  waits: readonly Wait[];
  /** Master time: Unix ms. */
  wallMs: number;
  /** Seconds until the attempt times out. */
  left: number | undefined;
}

interface UnderWay {
  test: TestRun;
  attempt: AttemptRun;
}

/** The attempt that the run is at, of the test of that name where there are several. */
export function underWay(run: Run, name?: string): UnderWay | undefined {
  const test = testsUnderWay(run).find(({ spec }) => name === undefined || spec.name === name);
  const attempt = test?.attempts.at(-1);
  return test && attempt && { test, attempt };
}

function testsUnderWay({ tests }: Run): TestRun[] {
  return tests.filter(({ state }) => state !== 'waiting' && state !== 'ended');
}

/** `wanted`: the name of the test that is looked at. */
export function psView(
  run: Run,
  now: Instant,
  after: string | undefined,
  wanted?: string,
): CallResult<'run.ps'> {
  const head = runHead(run);
  const at = underWay(run, wanted);
  if (at === undefined) return { head, members: [], more: false };
  const { members } = at.attempt;
  const others = testsUnderWay(run)
    .filter((test) => test !== at.test)
    .slice(0, OTHERS)
    .map(({ spec }) => spec.name);
  const begin = after === undefined ? 0 : members.findIndex(({ name }) => name === after) + 1;
  const shown = members.slice(begin, begin + PAGE);
  return {
    head,
    test: testAt(at.test, now),
    ...(others.length === 0 ? {} : { others }),
    members: shown.map((member) => memberAt(member, at, now)),
    more: begin + PAGE < members.length,
  };
}

function testAt(test: TestRun, now: Instant): TestAt {
  const { spec, state, started } = test;
  const pause = pauseOf(test);
  return {
    name: spec.name,
    state: pause === undefined ? (state as TestAt['state']) : 'paused',
    ...present({ paused: pause && pauseView(pause) }),
    seconds: Math.max(0, (now.wallMs - (started ?? now.wallMs)) / 1000),
    ...present({ left: now.left === undefined ? undefined : Math.max(0, now.left) }),
    circles: circles(now.waits)
      .slice(0, NAMES)
      .map((names) => names.slice(0, NAMES)),
  };
}

function memberAt(member: MemberRun, at: UnderWay, now: Instant): MemberAt {
  const { name, node, state, verdict } = member;
  const own = now.waits.filter((wait) => wait.member === name).slice(0, NAMES);
  return {
    member: name,
    node,
    state,
    ...present({
      status: verdict?.status,
      startsAfter: startsAfter(member, at),
      commands: commandsAt(member, at, now),
    }),
    waits: own.map((wait) => waitView(wait, now.wallMs / 1000)),
  };
}

/** Whom a member that is held back waits for. */
function startsAfter({ role, state }: MemberRun, { test, attempt }: UnderWay): string[] | undefined {
  const after = test.spec.roles.find(({ name }) => name === role)?.startAfter;
  if (after === undefined || state !== 'staged' || test.state !== 'running') return undefined;
  return attempt.members
    .filter((other) => other.role === after && !other.marks.some(({ name }) => name === STARTED_MARK))
    .slice(0, NAMES)
    .map(({ name }) => name);
}

function commandsAt({ name: of }: MemberRun, { attempt }: UnderWay, now: Instant): MemberAt['commands'] {
  const running = attempt.commands.filter((command) => command.of === of && command.state !== 'ended');
  if (running.length === 0) return undefined;
  return running.slice(0, NAMES).map(({ number, title, started, asked }) => ({
    number,
    name: title,
    seconds: Math.max(0, now.wallMs - (started ?? asked)) / 1000,
  }));
}

function waitView(wait: Wait, now: number): WaitView {
  const missing = missingInWords(wait);
  return {
    on: wait.on,
    seconds: Math.max(0, now - wait.since),
    missing: missing.slice(0, NAMES),
    missingSize: missing.length,
  };
}
