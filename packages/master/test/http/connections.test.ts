import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { IdleConnections } from '../../src/http/connections.ts';

class Connection extends EventEmitter {
  closed = false;
  destroy(): void {
    this.closed = true;
    this.emit('close');
  }
}

function idle(limit: number) {
  const connections = new IdleConnections(limit);
  const open = () => {
    const connection = new Connection();
    connections.opened(connection);
    return connection;
  };
  return { connections, open };
}

test('beyond the bound the connection that is idle longest is closed', () => {
  const { connections, open } = idle(2);
  const [first, second, third] = [open(), open(), open()];
  expect([first.closed, second.closed, third.closed]).toEqual([true, false, false]);
  expect(connections.size).toBe(2);
});

test('one that is being answered is none of them, and is idle anew after its last answer', () => {
  const { connections, open } = idle(2);
  const busy = open();
  connections.asks(busy);
  connections.asks(busy);
  const [second, third] = [open(), open()];
  expect(busy.closed).toBe(false);
  connections.answered(busy);
  expect(connections.size).toBe(2);
  connections.answered(busy);
  expect([busy.closed, second.closed, third.closed]).toEqual([false, true, false]);
});

test('one that was closed, or became a WebSocket, is forgotten', () => {
  const { connections, open } = idle(2);
  const gone = open();
  connections.asks(gone);
  gone.destroy();
  connections.answered(gone);
  connections.left(open());
  expect(connections.size).toBe(0);
});
