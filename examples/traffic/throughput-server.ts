// Takes what the clients send, and tells each of them how many bytes have arrived.
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { barrier, result, set } from 'tutti';

let total = 0;

const server = createServer({ allowHalfOpen: true }, (client) => {
  let received = 0;
  client.on('data', (chunk) => {
    received += chunk.length;
  });
  client.on('end', () => {
    total += received;
    client.end(`${received}\n`);
  });
  // A client that dies breaks the barrier below, which says who it was and why. Here it is only a closed connection.
  client.on('error', (error) => console.error(error.message));
});
await once(server.listen(0), 'listening');

const { port } = server.address() as AddressInfo;
console.log(`listening on port ${port}`);
await set('port', port); // any free one: the clients wait for this key
await barrier('ready'); // everybody is connected
const begun = performance.now();
await barrier('done'); // everybody has finished
const seconds = (performance.now() - begun) / 1000;

await result('all clients', 'pass', { measure: Math.round((total * 8) / seconds / 1e6), unit: 'Mbit/s' });
server.close();
