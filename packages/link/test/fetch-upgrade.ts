/** Asks for a WebSocket by hand, with the headers given, and never hangs up by itself. */
import { once } from 'node:events';
import { connect } from 'node:net';

export async function fetchUpgrade(
  port: number,
  headers: Record<string, string>,
): Promise<{ status: number; body: string }> {
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
  const lines = Object.entries({
    host: `127.0.0.1:${port}`,
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`GET /agent HTTP/1.1\r\n${lines.join('')}\r\n`);
  let text = '';
  socket.setEncoding('utf8');
  socket.on('data', (more: string) => {
    text += more;
    // A socket that was let in stays open: its head is all there is to see.
    if (text.startsWith('HTTP/1.1 101') && text.includes('\r\n\r\n')) socket.emit('end');
  });
  await once(socket, 'end');
  const [head = '', body = ''] = text.split('\r\n\r\n');
  return { status: Number(head.split(' ')[1]), body };
}
