import { CommandError, CommandResult, GroupResult } from '@tutti/client/objects';
import { type CommandEnd, EXIT, TuttiError } from '@tutti/protocol';
import { describe, expect, test } from 'vitest';
import { paletteFor } from '../../src/progress/palette.ts';
import { complain } from '../../src/repl/complain.ts';
import { liveObject } from '../../src/repl/live-object.ts';
import { shownAs, textOf } from '../../src/repl/shown.ts';

const palette = paletteFor(false, {});

function result(on: string, code: number, out = '', err = '', more: Partial<CommandEnd> = {}): CommandResult {
  const output = (text: string) => ({
    size: Buffer.byteLength(text),
    tail: Buffer.from(text).toString('base64'),
  });
  const end: CommandEnd = {
    exit: { how: 'exited', code },
    duration: 0.26,
    stdout: output(out),
    stderr: output(err),
  };
  return new CommandResult(on, 'make', { ...end, ...more });
}

describe('is shown', () => {
  test.each([
    ['what a command wrote', result('n1', 0, 'one\ntwo\n', 'three\n'), 'one\ntwo\nthree'],
    ['that it wrote nothing', result('n1', 0), 'done in 0.3 s'],
    ['how it failed', result('n1', 2, 'one'), 'one\nexited with status 2 after 0.3 s'],
    [
      'why it was stopped',
      result('n1', 0, '', '', { stopped: 'timeout' }),
      /^was stopped after 0.3 s, its time limit/,
    ],
    [
      'that more was written',
      result('n1', 0, '', '', { stdout: { size: 9, tail: 'YQ==' } }),
      /^… the first 8 bytes are in its log\na$/,
    ],
    ['nothing that a terminal would obey', result('n1', 0, 'a\u001b[2Jb\r\n\u0007'), 'a\\x1b[2Jb\n\\x07'],
  ])('%s', async (_what, value, text) => {
    expect(await textOf(value, palette)).toMatch(text);
  });

  test('each line of several machines with its machine', async () => {
    const group = new GroupResult([result('n1', 0, 'a\nb\n'), result('web-2', 1)]);
    expect(await textOf(group, palette)).toBe(
      'n1    | a\nn1    | b\nweb-2 | exited with status 1 after 0.3 s',
    );
    expect(await textOf(new GroupResult([]), palette)).toBe('no machines');
  });

  test('what has a text of its own, also a function; objects as they show themselves', async () => {
    expect(await textOf(shownAs([1], 'a list\n'), palette)).toBe('a list');
    expect(
      await textOf(
        shownAs(() => 1, 'help'),
        palette,
      ),
    ).toBe('help');
    const live = liveObject({ path: 'x', members: {}, show: async () => 'asked for\n' });
    expect(await textOf(live, palette)).toBe('asked for');
  });

  test.each([[5], ['text'], [null], [undefined], [{ a: 1 }]])('%j as any other value', async (value) => {
    expect(await textOf(value, palette)).toBeUndefined();
  });
});

describe('is complained of', () => {
  async function complaint(error: unknown): Promise<[string, number]> {
    let text = '';
    const status = await complain(error, { write: (more: string) => (text += more) }, palette);
    return [text, status];
  }

  test('a failed command with what it wrote', async () => {
    const error = new CommandError(result('n1', 1, '', 'no such thing\n'), 'it failed');
    expect(await complaint(error)).toEqual([
      'no such thing\nexited with status 1 after 0.3 s\ntutti: it failed\n',
      EXIT.fail,
    ]);
  });

  test('what Tutti says, without a stack, with what to do', async () => {
    const [text, status] = await complaint(new TuttiError('NO_SUCH_NODE', 'there is none'));
    expect(text).toMatch(/^tutti: there is none\n.*\(NO_SUCH_NODE\)\n$/);
    expect(status).toBe(EXIT.usage);
    expect(await complaint(new TuttiError('CANCELLED', 'interrupted'))).toEqual([
      'tutti: interrupted\n',
      EXIT.interrupted,
    ]);
  });

  test('a mistake in what was typed, with the typed part of its stack', async () => {
    const error = new ReferenceError('x is not defined');
    error.stack =
      'ReferenceError: x is not defined\n    at f (REPL3:1:5)\n    at ContextifyScript (node:vm:1:2)';
    expect(await complaint(error)).toEqual([
      'ReferenceError: x is not defined\n    at f (REPL3:1:5)\n',
      EXIT.fail,
    ]);
    expect((await complaint('a text'))[0]).toBe("thrown: 'a text'\n");
  });
});
