import { describe, expect, test } from 'vitest';
import { type Awaited, startRule } from '../../src/runs/start-order.ts';

const server = (index: number, more: Partial<Awaited> = {}): Awaited => ({
  name: `server.${index}`,
  node: `n${index}`,
  started: false,
  ended: undefined,
  ...more,
});

describe('a role that starts after another', () => {
  test('starts when all of its members have said so', () => {
    expect(startRule('server', [server(0, { started: true }), server(1)])).toEqual({
      rule: 'wait',
      missing: ['server.1 on n1'],
    });
    expect(startRule('server', [server(0, { started: true }), server(1, { started: true })])).toEqual({
      rule: 'start',
    });
  });

  test('starts also when one of them has said so and ended', () => {
    expect(startRule('server', [server(0, { started: true, ended: 'exited with status 1' })])).toEqual({
      rule: 'start',
    });
  });

  test('never starts when one of them ended without saying so', () => {
    expect(startRule('server', [server(0), server(1, { ended: 'exited with status 3' })])).toEqual({
      rule: 'never',
      cause:
        'was never started: it starts after server, and server.1 on n1 exited with status 3 without saying `tutti mark started`',
      because: 'server.1',
    });
  });
});
