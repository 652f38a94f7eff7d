import type { NodeView, RunRow } from '@tutti/protocol';
import { describe, expect, test } from 'vitest';
import { nodeLine, runLine } from '../../src/repl/change-lines.ts';

const node = (more: Partial<NodeView> = {}): NodeView => ({
  ...{ name: 'n1', state: 'idle', connected: true, labels: {}, software: 'tutti', since: 1 },
  facts: { arch: 'x64', cpus: 2, kernel: '6', memory: 1, os: 'Debian', addresses: [] },
  ...more,
});

const run = (more: Partial<RunRow> = {}): RunRow => ({
  ...{ run: 7, id: 'a'.repeat(32), suite: 'net', phase: 'running', dir: '/runs/7', size: 3 },
  ...{ started: 1, priority: 0, done: 0, notOk: 0 },
  ...more,
});

describe('of a machine', () => {
  const changed = (before: Partial<NodeView>, now: Partial<NodeView>) =>
    nodeLine({ kind: 'changed', key: 'n1', before: node(before), now: node(now) });

  test.each([
    [{}, { state: 'running', run: 4 }, 'n1: idle → running for run 4'],
    [{}, { state: 'offline', connected: false }, 'n1: idle → offline'],
    [{}, { state: 'drained', connected: false }, 'n1: idle → drained, offline'],
    [{}, { state: 'reserved', doing: 'is being\nprepared' }, 'n1: idle → reserved (is being prepared)'],
    [{}, { since: 9 }, undefined],
  ] as const)('%j becomes %j: %s', (before, now, line) => {
    expect(changed(before, now)).toBe(line);
  });

  test('that it is new, that it is gone', () => {
    expect(nodeLine({ kind: 'added', key: 'n1', now: node() })).toBe('n1 is new: idle');
    expect(nodeLine({ kind: 'gone', key: 'n1', before: node() })).toBe('n1 is gone');
  });
});

describe('of a run', () => {
  const changed = (before: Partial<RunRow>, now: Partial<RunRow>) =>
    runLine({ kind: 'changed', key: 7, before: run(before), now: run(now) });

  test.each([
    [{ phase: 'queued' }, {}, 'run 7 net: running'],
    [{}, { done: 2, notOk: 1 }, 'run 7 net: 2 of 3 tests done, 1 not ok'],
    [{}, { phase: 'finished', status: 'FAIL', duration: 2.04, cause: 'x' }, 'run 7 net: FAIL in 2.0 s: x'],
    [{}, { dir: '/other' }, undefined],
  ] as const)('%j becomes %j: %s', (before, now, line) => {
    expect(changed(before, now)).toBe(line);
  });

  test('that a test of it is paused, and that it goes on', () => {
    const paused = [{ test: 'failover', cause: 'a\nb', since: 1, until: 2 }];
    expect(changed({}, { paused })).toBe('run 7 net: paused at failover: a b');
    expect(changed({ paused }, {})).toBe('run 7 net: running');
  });

  test('that it is new; not that it has become one of the older ones', () => {
    const queued = run({ phase: 'queued', waitsFor: 'needs 2 machines' });
    expect(runLine({ kind: 'added', key: 7, now: queued })).toBe('run 7 net: queued, needs 2 machines');
    expect(runLine({ kind: 'gone', key: 7, before: run() })).toBeUndefined();
  });
});
