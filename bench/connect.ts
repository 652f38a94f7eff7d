/**
 * How long do N agents take to connect and register?
 *
 * Floor: N WebSockets that are open. Tutti: N agents that the real master has welcomed, each with facts and labels. Both
 * from one client process that dials the same number at a time; they take turns, with fresh processes.
 */
import { bench } from './bench.ts';
import { MasterDaemon } from './daemons/master.ts';
import { Child } from './harness/child.ts';
import { roomFor } from './harness/descriptors.ts';
import { median } from './harness/median.ts';
import { round } from './harness/round.ts';

const TURNS = 2;

export const connect = bench({
  about: 'connect: N agents dial and are registered, against N bare WebSockets (bar: ≤ 3 × floor)',
  options: { n: 10_000 },
  async run({ n }, report) {
    const descriptors = roomFor(n);
    const floor: number[] = [];
    const tutti: number[] = [];
    for (let turn = 0; turn < TURNS; turn += 1) {
      floor.push(await connectFloor(n, descriptors));
      tutti.push(await connectTutti(n, descriptors));
    }
    report.line({
      bench: 'connect',
      n,
      floor_ms: round(median(floor), 0),
      tutti_ms: round(median(tutti), 0),
      ratio: round(median(tutti) / median(floor), 2),
    });
  },
});

async function connectFloor(n: number, descriptors: number): Promise<number> {
  await using server = await Child.start('floor/server.ts', descriptors);
  await using client = await Child.start('client.ts', descriptors);
  const url = await server.ask<string>('open', n);
  const began = performance.now();
  await client.ask('connect', { side: 'floor', url, n });
  return performance.now() - began;
}

async function connectTutti(n: number, descriptors: number): Promise<number> {
  await using master = await MasterDaemon.start(descriptors);
  await using agents = await Child.start('agents.ts', descriptors);
  const { url, token } = master;
  return await agents.ask<number>('connect', { url, token, n });
}
