/** What a terminal shows while a run goes on. The screen here knows just what the live view writes: CR and erase-line. */
import type { RunView, TestView } from '@tutti/protocol';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { LiveProgress } from '../../src/progress/live.ts';
import { paletteFor } from '../../src/progress/palette.ts';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

class Screen {
  readonly columns: number;
  #text = '';
  constructor(columns = 80) {
    this.columns = columns;
  }
  write(text: string): void {
    this.#text += text;
  }
  /** As it looks now. */
  get lines(): string[] {
    return this.#text
      .split('\n')
      .map((line) => line.slice(line.lastIndexOf('\u001b[2K') + 1).replace('[2K', ''));
  }
}

function view(...tests: TestView[]): RunView {
  return {
    run: 1,
    id: '6f1c0000000000000000000000000000',
    suite: 'traffic',
    phase: 'running',
    dir: '/runs/1-traffic',
    size: tests.length,
    tests,
  };
}

const waiting = (name: string): TestView => ({ name, state: 'waiting', members: [], size: 1 });
const ended: TestView = {
  name: 'throughput',
  state: 'ended',
  status: 'PASS',
  duration: 1.3,
  members: [],
  size: 2,
};
const running: TestView = {
  name: 'ring',
  state: 'running',
  members: [
    { member: 'server.0', node: 'n1', state: 'running' },
    { member: 'client.0', node: 'n2', state: 'ended', status: 'PASS' },
    { member: 'client.1', node: 'n3', state: 'ended', status: 'FAIL' },
  ],
  size: 3,
};

function live(columns?: number): { screen: Screen; progress: LiveProgress } {
  const screen = new Screen(columns);
  return { screen, progress: new LiveProgress(screen, paletteFor(false, {})) };
}

test('until there is a run to show, what is being prepared stands on the last line', () => {
  const { screen, progress } = live();
  progress.busy('starting 3 agents');
  vi.advanceTimersByTime(300);
  progress.note('3 agents in network namespaces');
  vi.advanceTimersByTime(100);
  expect(screen.lines).toEqual([
    '3 agents in network namespaces',
    expect.stringMatching(/^. starting 3 agents$/) as string,
  ]);
  progress.end();
});

test('the test under way is redrawn with its place, its time and its members; finished ones stay above it', () => {
  const { screen, progress } = live();
  progress.show(view(ended, running, waiting('latency')));
  vi.advanceTimersByTime(1000);
  expect(screen.lines).toEqual([
    'PASS        throughput  1.3 s',
    expect.stringMatching(
      /^. 2\/3 ring {2}running \d\.\d s {2}● server\.0 {2}✓ client\.0 {2}✗ client\.1$/,
    ) as string,
  ]);
  progress.end();
});

test('the line under way is never wider than the terminal, where it could not be taken back', () => {
  const { screen, progress } = live(30);
  progress.show(view(running));
  vi.advanceTimersByTime(100);
  expect(screen.lines.at(-1)).toHaveLength(29);
  progress.end();
});

test('at the end no half-drawn line is left and nothing is drawn any more', () => {
  const { screen, progress } = live();
  progress.show(view(ended, running));
  vi.advanceTimersByTime(100);
  progress.end();
  expect(vi.getTimerCount()).toBe(0);
  expect(screen.lines).toEqual(['PASS        throughput  1.3 s', '']);
});

test('the line is as wide as it looks, not as it is long: wide characters take two columns', () => {
  const { screen, progress } = live(21);
  progress.show(view({ ...running, name: '日本語の試験で文字幅を見る' }));
  vi.advanceTimersByTime(100);
  // The sign, a blank, and nine wide characters.
  expect(screen.lines.at(-1)).toMatch(/^. 日本語の試験で文字$/);
  progress.end();
});

test('a name with line ends or escape sequences in it cannot break out of the line', () => {
  const { screen, progress } = live();
  progress.show(view({ ...running, name: 'a\nb\u001b[2Jc\rd' }));
  vi.advanceTimersByTime(100);
  expect(screen.lines).toHaveLength(1);
  expect(screen.lines[0]).toMatch(/^. a bc d {2}running/);
  progress.end();
});

test('a terminal that does not know its size has the usual one', () => {
  const { screen, progress } = live(0);
  progress.show(view({ ...running, name: 'n'.repeat(100) }));
  vi.advanceTimersByTime(100);
  expect(screen.lines[0]).toHaveLength(79);
  progress.end();
});

test('while the master is away that is what the line says, since when and how long, until it is back', () => {
  const { screen, progress } = live(120);
  progress.show(view(running));
  progress.away('ws://lab:8282');
  vi.advanceTimersByTime(35_000);
  expect(screen.lines.at(-1)).toMatch(
    /^. the master is away since \d\d:\d\d:\d\d \(35 s\); Ctrl-C leaves: ws:\/\/lab:8282$/,
  );
  progress.back();
  vi.advanceTimersByTime(100);
  expect(screen.lines.at(-1)).toMatch(/^. ring {2}running/);
  progress.end();
});

test('a verdict is said once, with its cause below it, and remembered as told', () => {
  const { screen, progress } = live();
  const failed = { ...ended, status: 'FAIL', cause: 'client.0 on n1 exited\nwith status 1' } as const;
  for (let n = 0; n < 3; n += 1) progress.show(view(running, failed));
  expect(screen.lines).toEqual([
    'FAIL        throughput  1.3 s',
    '            client.0 on n1 exited with status 1',
    '',
  ]);
  expect([...progress.told]).toEqual([1]);
  progress.end();
});

test('a note while the line is drawn takes its place, and the line comes back below it', () => {
  const { screen, progress } = live();
  progress.show(view(running));
  vi.advanceTimersByTime(100);
  progress.note('SIGINT: cancelling');
  expect(screen.lines).toEqual(['SIGINT: cancelling', '']);
  vi.advanceTimersByTime(100);
  expect(screen.lines).toEqual(['SIGINT: cancelling', expect.stringContaining('ring') as string]);
  progress.end();
});

test('what changes after the end is not drawn, and starts no timer that would keep the process', () => {
  const { screen, progress } = live();
  progress.show(view(running));
  progress.end();
  progress.show(view(ended));
  progress.busy('more');
  expect(vi.getTimerCount()).toBe(0);
  expect(screen.lines).toEqual(['']);
});

test('each finished test is one line that stays, once, in colour', () => {
  const screen = new Screen();
  const progress = new LiveProgress(screen, paletteFor(true, {}));
  for (let n = 0; n < 3; n += 1) progress.show(view(ended));
  progress.end();
  expect(screen.lines).toEqual(['\u001b[32mPASS       \u001b[0m throughput\u001b[2m  1.3 s\u001b[0m', '']);
});

test('an attempt that failed is told of when the next one begins, once, and the line says which it is', () => {
  const { screen, progress } = live(100);
  const before = { status: 'FAIL', cause: 'client.1 on n3 exited with status 1' } as const;
  for (let n = 0; n < 3; n += 1) progress.show(view(ended, { ...running, attempts: 2, before }));
  vi.advanceTimersByTime(100);
  expect(screen.lines).toEqual([
    'PASS        throughput  1.3 s',
    'again       ring  attempt 1: FAIL: client.1 on n3 exited with status 1',
    expect.stringMatching(/^. 2\/2 ring \(attempt 2\) {2}running/) as string,
  ]);
  progress.show(view(ended, { ...running, state: 'ended', status: 'PASS', attempts: 2, duration: 2 }));
  expect(screen.lines.slice(2)).toEqual(['PASS        ring  (flaky: 2 attempts)  2.0 s', '']);
  progress.end();
});

test('setup is shown, and is not counted: the tests have the positions that they have in the report', () => {
  const { screen, progress } = live(100);
  const setup: TestView = { ...ended, name: 'setup', part: 'setup' };
  progress.show(view(setup, ended, running));
  vi.advanceTimersByTime(100);
  expect([...progress.told]).toEqual([0]);
  expect(screen.lines).toEqual([
    'PASS        setup  1.3 s',
    'PASS        throughput  1.3 s',
    expect.stringMatching(/^. 2\/2 ring {2}running/) as string,
  ]);
  progress.end();
});

test('of tests beside each other the line says how many are done, and who is under way', () => {
  const { screen, progress } = live(100);
  progress.show(view(ended, running, { ...running, name: 'mesh', attempts: 2 }, waiting('later')));
  vi.advanceTimersByTime(100);
  expect(screen.lines.at(-1)).toMatch(
    /^. 1 of 4 done, 2 under way: ring 0\.\d s, mesh \(attempt 2\) 0\.\d s$/,
  );
  progress.end();
});
