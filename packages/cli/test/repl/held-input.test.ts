import { EventEmitter } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { HeldInput } from '../../src/repl/held-input.ts';

/** `busyWith`: lines that begin something. */
function held(busyWith: readonly string[] = []) {
  const keyboard = new EventEmitter();
  const got: string[] = [];
  const state = { busy: false, interrupts: 0, takes: false };
  const input = new HeldInput({
    keyboard,
    isBusy: () => state.busy,
    interrupt: () => {
      state.interrupts += 1;
      return state.busy || state.takes;
    },
  });
  input.on('data', (bytes: Buffer) => {
    const text = bytes.toString();
    got.push(text);
    if (busyWith.includes(text)) state.busy = true;
  });
  const type = async (text: string) => {
    keyboard.emit('data', Buffer.from(text));
    for (let i = 0; i < 20; i += 1) await turn();
  };
  const release = async () => {
    state.busy = false;
    input.released();
    for (let i = 0; i < 20; i += 1) await turn();
  };
  return { keyboard, input, got, state, type, release };
}

test('keys pass as they are typed', async () => {
  const { got, type } = held();
  await type('a');
  await type('\u001b[A');
  expect(got).toEqual(['a', '\u001b[A']);
});

test('a line that begins something holds the lines behind it back, also those pasted with it', async () => {
  const { got, type, release } = held(['one\r']);
  await type('one\rtwo\rthr');
  await type('ee');
  expect(got).toEqual(['one\r']);
  await release();
  expect(got).toEqual(['one\r', 'two\r', 'three']);
});

test('Ctrl-C does not wait, and takes what was typed before it away', async () => {
  const { got, state, type, release } = held(['one\r']);
  await type('one\r');
  await type('two\r\u0003three\r');
  expect(state.interrupts).toBe(1);
  await release();
  expect(got).toEqual(['one\r', 'three\r']);
});

test('Ctrl-C right behind the line that begins something is meant for that', async () => {
  const { got, state, type } = held(['one\r']);
  await type('one\r\u0003');
  expect([got, state.interrupts]).toEqual([['one\r'], 1]);
});

test('at the prompt Ctrl-C is for the line that is typed, unless somebody else wants it', async () => {
  const { got, state, type } = held();
  await type('ab\u0003\u0003');
  expect(got).toEqual(['ab', '\u0003', '\u0003']);
  state.takes = true;
  await type('\u0003c');
  expect(got.slice(3)).toEqual(['c']);
});

test('the end of the input comes when all is done', async () => {
  const { keyboard, input, type, release } = held(['one\r']);
  let ended = false;
  input.on('end', () => {
    ended = true;
  });
  await type('one\r');
  keyboard.emit('end');
  await turn();
  expect(ended).toBe(false);
  await release();
  expect(ended).toBe(true);
});
