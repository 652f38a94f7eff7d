import { rejection } from '@tutti/testkit';
import { expect, test } from 'vitest';
import type { Spot } from '../../src/commands/spot.ts';
import { onTerminals } from '../../src/terminal/terminal-verbs.ts';

function spot(of?: string) {
  const asked: { name: string; params: unknown }[] = [];
  const gone = new AbortController();
  const node = {
    name: 'n1',
    call: (name: string, params: unknown, signal: AbortSignal) => {
      asked.push({ name, params });
      if (name !== 'terminal.attend') return Promise.resolve({});
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error));
      });
    },
  };
  const on = { node, words: 'n1', gone: gone.signal, ...(of === undefined ? {} : { of }) };
  return { on: on as unknown as Spot, asked, gone };
}

const signal = new AbortController().signal;

test('what a request opens is called by that request, and belongs to its member', async () => {
  const { on, asked } = spot('the member');
  const args = { command: 'top', screen: { columns: 80, rows: 24 } };
  expect(await onTerminals.open(on, { id: 'abc', args, signal })).toEqual({ terminal: 'abc' });
  const spec = { ...args, terminal: 'abc', node: 'n1', of: 'the member' };
  expect(asked).toEqual([{ name: 'terminal.open', params: { spec } }]);
});

test('nobody attends any more when who asked has gone, or the machine is given up', async () => {
  const { on, gone } = spot();
  const leaving = new AbortController();
  const left = rejection(
    onTerminals.attend(on, { id: '', args: { terminal: 'abc' }, signal: leaving.signal }),
  );
  leaving.abort(new Error('left'));
  expect(await left).toMatchObject({ message: 'left' });
  const lost = rejection(onTerminals.attend(on, { id: '', args: { terminal: 'abc' }, signal }));
  gone.abort(new Error('lost'));
  expect(await lost).toMatchObject({ message: 'lost' });
});
