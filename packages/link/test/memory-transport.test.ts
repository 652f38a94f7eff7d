import { FakeClock, type MemoryPair, memoryTransports } from '@tutti/testkit';
import { type Connection, transportContract } from './transport-contract.ts';

function connection(pair: MemoryPair, from: 'left' | 'right'): Connection {
  const { left, right, leftToRight, rightToLeft, cut } = pair;
  return from === 'left'
    ? { sender: left, receiver: right, there: leftToRight, back: rightToLeft, cut }
    : { sender: right, receiver: left, there: rightToLeft, back: leftToRight, cut };
}

for (const from of ['left', 'right'] as const) {
  transportContract(`an in-memory transport, from the ${from}`, async () => {
    const clock = new FakeClock();
    return {
      connect: async () => connection(memoryTransports({ clock }), from),
      pass: (ms) => clock.pass(ms),
      close: async () => {},
    };
  });
}
