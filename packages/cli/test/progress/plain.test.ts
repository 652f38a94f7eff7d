import type { RunView, TestView } from '@tutti/protocol';
import { expect, test } from 'vitest';
import { PlainProgress } from '../../src/progress/plain.ts';

function plain() {
  const lines: string[] = [];
  return { lines, progress: new PlainProgress({ write: (text: string) => lines.push(text) }) };
}

function view(tests: TestView[], more: Partial<RunView> = {}): RunView {
  return { run: 1, id: 'a', suite: 'net', phase: 'running', dir: '/r', size: tests.length, tests, ...more };
}

const member = (index: number) =>
  ({ member: `client.${index}`, node: `n${index}`, state: 'running' }) as const;
const running = (more: Partial<TestView> = {}): TestView => ({
  name: 't',
  state: 'running',
  members: [member(0), member(1)],
  size: 2,
  ...more,
});

test('each change of a test is one line, once, however often it is told', () => {
  const { lines, progress } = plain();
  const states: TestView[] = [
    running({ state: 'waiting', members: [] }),
    running({ state: 'staging' }),
    running(),
    running({ members: [{ ...member(0), state: 'ended', status: 'PASS' }, member(1)] }),
    running({ state: 'collecting' }),
    running({ state: 'ended', status: 'FAIL', duration: 1.25, cause: 'client.1 on n1 exited with status 1' }),
  ];
  for (const state of states) for (let n = 0; n < 3; n += 1) progress.show(view([state]));
  progress.end();
  expect(lines).toEqual([
    'run 1 net: t: running client.0 on n0, client.1 on n1\n',
    'run 1 net: t: FAIL in 1.3 s: client.1 on n1 exited with status 1\n',
  ]);
});

test('tests of one name have lines of their own', () => {
  const { lines, progress } = plain();
  const passed = running({ state: 'ended', status: 'PASS', duration: 1 });
  progress.show(view([passed, running()]));
  progress.show(view([passed, passed]));
  expect(lines.filter((line) => line.includes('PASS'))).toHaveLength(2);
});

test('what a queued run waits for is said, and again when that changes', () => {
  const { lines, progress } = plain();
  for (const waitsFor of ['2 more machines', '2 more machines', '1 more machine'])
    progress.show(view([], { phase: 'queued', waitsFor }));
  progress.show(view([], { phase: 'allocated' }));
  expect(lines).toEqual(['run 1 net: queued, 2 more machines\n', 'run 1 net: queued, 1 more machine\n']);
});

test('of many members the first are named and the rest counted, those that are not told of too', () => {
  const { lines, progress } = plain();
  progress.show(view([running({ members: Array.from({ length: 200 }, (_, n) => member(n)), size: 1000 })]));
  expect(lines[0]).toContain('client.7 on n7 and 992 more\n');
});

test('a name or a cause with line ends or escape sequences in it stays one plain line', () => {
  const { lines, progress } = plain();
  progress.show(view([running({ name: 'a\nb', status: 'FAIL', cause: 'said "\u001b[2J\r\nx"' })]));
  expect(lines).toEqual(['run 1 net: a b: FAIL: said " x"\n']);
});

test('a note is a line; what is being prepared is none', () => {
  const { lines, progress } = plain();
  progress.note('warning: x');
  progress.busy();
  expect(lines).toEqual(['warning: x\n']);
});

test('that a test is tried again, why, and that it took several attempts, is said', () => {
  const { lines, progress } = plain();
  const before = { status: 'FAIL', cause: 'client.1 on n1 exited with status 1' } as const;
  for (const state of [
    running(),
    running({ attempts: 2, before, state: 'staging' }),
    running({ attempts: 2, before }),
    running({ attempts: 2, state: 'ended', status: 'PASS', duration: 2 }),
  ])
    progress.show(view([state]));
  expect(lines.map((line) => line.trimEnd())).toEqual([
    'run 1 net: t: running client.0 on n0, client.1 on n1',
    'run 1 net: t: attempt 1: FAIL: client.1 on n1 exited with status 1; again, running client.0 on n0, client.1 on n1',
    'run 1 net: t: PASS (flaky: 2 attempts) in 2.0 s',
  ]);
});

test('setup is no test: what is told are the positions that tests have in the report', () => {
  const { progress } = plain();
  const passed = running({ state: 'ended', status: 'PASS', duration: 1 });
  progress.show(view([{ ...passed, part: 'setup' }, running(), passed]));
  expect([...progress.told]).toEqual([1]);
});
