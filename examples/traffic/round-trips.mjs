// round-trips.mjs HOST PORT COUNT: measures how long an echo server takes to answer, and prints percentiles in ms.
import { once } from 'node:events';
import { connect } from 'node:net';

const [host, port, count] = process.argv.slice(2);
const server = connect({ host, port: Number(port), noDelay: true });
await once(server, 'connect');

const answers = server[Symbol.asyncIterator]();
const times = [];
for (let round = 0; round < Number(count); round += 1) {
  const sent = performance.now();
  server.write('ping');
  const { done } = await answers.next();
  if (done) throw new Error('the server has closed the connection');
  times.push(performance.now() - sent);
}
server.end();

times.sort((a, b) => a - b);
for (const percent of [50, 90, 99]) {
  const time = times[Math.ceil((times.length * percent) / 100) - 1];
  console.log(`p${percent} ${time.toFixed(3)}`);
}
