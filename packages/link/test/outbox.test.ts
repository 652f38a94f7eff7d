import { expect, test } from 'vitest';
import { Outbox } from '../src/outbox.ts';

const frame = (n: number) => Uint8Array.of(n);

function outlet() {
  const written: number[] = [];
  return { written, write: (bytes: Uint8Array) => void written.push(bytes[0] ?? -1) };
}

const turnEnds = () => new Promise<void>((resolve) => process.nextTick(resolve));

test('what is made in one turn leaves at its end, in order, also what promises of the turn make', async () => {
  const outbox = new Outbox();
  const [a, b] = [outlet(), outlet()];
  const made = Promise.resolve().then(() => outbox.add(a, frame(2)));
  outbox.add(a, frame(1));
  outbox.add(b, frame(3));
  expect([a.written, b.written]).toEqual([[], []]);
  await turnEnds();
  await made;
  await turnEnds();
  expect([a.written, b.written]).toEqual([[1, 2], [3]]);
});

test('what must not overtake it makes it leave at once, and only once', async () => {
  const outbox = new Outbox();
  const to = outlet();
  outbox.add(to, frame(1));
  outbox.flush();
  expect(to.written).toEqual([1]);
  outbox.add(to, frame(2));
  await turnEnds();
  await turnEnds();
  expect(to.written).toEqual([1, 2]);
});

test('a crowd is told in parts: the first are on their way while the next are made', () => {
  const outbox = new Outbox();
  const to = outlet();
  for (let n = 0; n < 511; n += 1) outbox.add(to, frame(1));
  expect(to.written).toHaveLength(0);
  outbox.add(to, frame(1));
  expect(to.written).toHaveLength(512);
});
