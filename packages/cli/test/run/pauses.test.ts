/** What `tutti run` says of a test that is paused, and what is typed then. */
import { PassThrough } from 'node:stream';
import type { RunView, TestView } from '@tutti/protocol';
import { settled } from '@tutti/testkit';
import { describe, expect, test } from 'vitest';
import { Pauses } from '../../src/run/pauses.ts';

function testView(name: string, since: number | undefined): TestView {
  const paused =
    since === undefined ? {} : { paused: { cause: 'client.0 on n2 failed', since, until: since + 900_000 } };
  const members = [
    { member: 'client.0', node: 'n2', state: 'ended' as const, status: 'FAIL' as const },
    { member: 'server.0', node: 'n1', state: 'running' as const },
  ];
  return { name, state: since === undefined ? 'running' : 'paused', members, size: 2, ...paused };
}

function view(...tests: TestView[]): RunView {
  return { run: 7, id: 'a'.repeat(32), suite: 's', phase: 'running', dir: '/r', size: tests.length, tests };
}

function screen(keyboard?: PassThrough) {
  const notes: string[] = [];
  const decided: unknown[] = [];
  const pauses = new Pauses({
    progress: { note: (line) => void notes.push(line) },
    reach: ' --master ws://lab:8282',
    keyboard,
    decide: async (...asked) => {
      decided.push(asked);
      if (decided.length > 1) throw new Error('it is not paused any more');
    },
  });
  return { pauses, notes, decided };
}

describe('a test that is paused', () => {
  test('is told of once, with what can be done from elsewhere; the next pause is told of anew', () => {
    const { pauses, notes } = screen();
    pauses.show(view(testView('net', 1000)));
    pauses.show(view(testView('net', 1000)));
    expect(notes).toEqual([
      'run 7: net: paused: client.0 on n2 failed',
      `  look around: tutti repl --master ws://lab:8282   then runs[7].tests["net"].roles.server.run('ss -tn')`,
      '  then: tutti resume 7 continue | retry | abort --master ws://lab:8282',
      '  nothing is stopped meanwhile; it goes on by itself in 15 min',
    ]);
    pauses.show(view(testView('net', 5000)));
    expect(notes).toHaveLength(8);
  });

  test('is decided by one key and Enter, the one that has been paused longest', async () => {
    const keyboard = new PassThrough();
    const { pauses, notes, decided } = screen(keyboard);
    pauses.show(view(testView('late', 2000), testView('early', 1000)));
    expect(notes[2]).toMatch(/or type c, r or a and Enter here$/);
    keyboard.write('x\n\nR\n');
    await settled();
    expect(notes.at(-1)).toBe('"x" means nothing here: c continues, r tries again, a aborts');
    expect(decided).toEqual([[7, 'retry', 'early']]);
    keyboard.write('abort\n');
    await settled();
    expect(notes.at(-1)).toBe('it is not paused any more');
    // When nothing is paused, nothing that is typed means anything.
    pauses.show(view(testView('late', undefined)));
    keyboard.write('c\n');
    await settled();
    expect(decided).toHaveLength(2);
  });
});
