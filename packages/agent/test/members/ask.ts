/** One request on a member's local socket, from outside its script. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';

/** Rejects when the connection fails, or is closed before the answer. */
export async function ask(path: string, request: object): Promise<unknown> {
  const socket = connect(path);
  try {
    await once(socket, 'connect');
    socket.write(`${JSON.stringify(request)}\n`);
    for await (const line of createInterface({ input: socket })) return JSON.parse(line);
    throw new Error('closed before the answer');
  } finally {
    socket.destroy();
  }
}
