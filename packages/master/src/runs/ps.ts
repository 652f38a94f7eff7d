/** What a run is at and who waits for whom, as `tutti ps` shows it. Pure. */
import type { CallResult, MemberAt, TestAt, WaitView } from '@tutti/protocol';
import { circles, missingInWords, type Wait } from '../sync/wait-graph.ts';
import type { AttemptRun, MemberRun, Run, TestRun } from './model.ts';
import { present } from './report-of.ts';
import { runHead } from './view.ts';

/** With their waits they surely fit into one frame. */
const PAGE = 100;
const NAMES = 10;

export interface Instant {
  /** Of the attempt that is under way. */
  waits: readonly Wait[];
  /** Master time: Unix ms. */
  wallMs: number;
  /** Seconds until the attempt times out. */
  left: number | undefined;
}

/** The attempt that the run is at. */
export function underWay(run: Run): { test: TestRun; attempt: AttemptRun } | undefined {
  const test = run.tests.find(({ state }) => state !== 'waiting' && state !== 'ended');
  const attempt = test?.attempts.at(-1);
  return test && attempt && { test, attempt };
}

export function psView(run: Run, now: Instant, after: string | undefined): CallResult<'run.ps'> {
  const head = runHead(run);
  const at = underWay(run);
  if (at === undefined) return { head, members: [], more: false };
  const { members } = at.attempt;
  const begin = after === undefined ? 0 : members.findIndex(({ name }) => name === after) + 1;
  const shown = members.slice(begin, begin + PAGE);
  return {
    head,
    test: testAt(at.test, now),
    members: shown.map((member) => memberAt(member, now)),
    more: begin + PAGE < members.length,
  };
}

function testAt({ spec, state, started }: TestRun, now: Instant): TestAt {
  return {
    name: spec.name,
    state: state as TestAt['state'],
    seconds: Math.max(0, (now.wallMs - (started ?? now.wallMs)) / 1000),
    ...present({ left: now.left === undefined ? undefined : Math.max(0, now.left) }),
    circles: circles(now.waits)
      .slice(0, NAMES)
      .map((names) => names.slice(0, NAMES)),
  };
}

function memberAt({ name, node, state, verdict }: MemberRun, now: Instant): MemberAt {
  const own = now.waits.filter(({ member }) => member === name).slice(0, NAMES);
  return {
    member: name,
    node,
    state,
    ...present({ status: verdict?.status }),
    waits: own.map((wait) => waitView(wait, now.wallMs / 1000)),
  };
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
