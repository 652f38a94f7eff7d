/**
 * A driver without the SDK: what any language can do on the local socket. Put `drive.mjs` beside a script of the suite, and
 * `import { drive, run } from './drive.mjs'`.
 */
export const RAW_DRIVE = `
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';

/** By id, what is to be asked again on the next connection. */
const asked = new Map();
let socket;

function dial() {
  socket = connect(process.env.TUTTI_SOCKET);
  socket.on('connect', () => { for (const { line } of asked.values()) socket.write(line); });
  createInterface({ input: socket }).on('error', () => {}).on('line', (line) => {
    const answer = JSON.parse(line);
    const waiting = asked.get(answer.id);
    asked.delete(answer.id);
    if (answer.error) waiting?.reject(Object.assign(new Error(answer.error.message), { code: answer.error.code }));
    else waiting?.resolve(answer.result);
    if (asked.size === 0) socket.unref();
  });
  socket.on('error', () => {});
  socket.on('close', () => { if (asked.size > 0) setTimeout(dial, 50); else socket = undefined; });
}

export function local(call, args, id = randomBytes(16).toString('hex')) {
  return new Promise((resolve, reject) => {
    const line = JSON.stringify({ id, call, args }) + '\\n';
    asked.set(id, { line, resolve, reject });
    if (socket === undefined) dial();
    else { socket.ref(); if (!socket.connecting) socket.write(line); }
  });
}

export const drive = (on, verb, args = {}, id = undefined) => local('drive', { on, do: verb, args }, id);

export const text = ({ tail }) => Buffer.from(tail, 'base64').toString();

export async function run(on, command, more = {}) {
  const started = await drive(on, 'start', { command, ...more });
  return { ...(await drive(on, 'ended', { command: started.command })), ...started };
}

/** The code and the message of a refusal. */
export const refusal = (promise) => promise.then(
  () => { throw new Error('it was not refused'); },
  ({ code, message }) => code + ': ' + message,
);
`;
