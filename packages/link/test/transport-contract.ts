/**
 * What every `Transport` does, whatever carries it: the suite that the in-memory pair and the WebSocket
 * both pass, so that tests above may use the one in place of the other.
 */
import { LIMITS, TuttiError } from '@tutti/protocol';
import { eventually, type Flow, settled } from '@tutti/testkit';
import { describe, expect, test } from 'vitest';
import type { Transport } from '../src/transport.ts';
import { numbered, Recorder } from './recorder.ts';

export interface Connection {
  sender: Transport;
  receiver: Transport;
  /** From the sender to the receiver, and back. */
  there: Flow;
  back: Flow;
  /** Ends the connection without a goodbye. */
  cut: () => void;
}

export interface Network {
  /** Each time another connection to the same door. */
  connect(): Promise<Connection>;
  /** Lets that much time pass where time is a fake; real time passes by itself. */
  pass(ms: number): Promise<void>;
  close(): Promise<void>;
}

const WHY = new TuttiError('SUPERSEDED', 'a newer connection came');

/** More than all the buffers between two sockets hold. */
const MANY = 24;

export function transportContract(name: string, open: () => Promise<Network>): void {
  const contract = (sentence: string, body: (network: Network) => Promise<void>) =>
    // oxlint-disable-next-line vitest/valid-title, vitest/expect-expect -- the sentences and what they expect are below
    test(sentence, async () => {
      const network = await open();
      try {
        await body(network);
      } finally {
        await network.close();
      }
    });

  // oxlint-disable-next-line vitest/valid-title -- the caller names what it brings
  describe(name, () => {
    contract('messages of any size arrive whole and in order', async (network) => {
      const { sender, receiver } = await network.connect();
      const got = new Recorder(receiver);
      const sizes = [4, 5, 125, 126, 127, 65_535, 65_536, 300_000, LIMITS.frame.value, 4];
      const sent = sizes.map((size, index) => numbered(index, size));
      for (const message of sent) sender.send(message);
      await eventually(() => got.messages.length === sent.length);
      expect(got.messages.map((bytes) => Buffer.from(bytes))).toEqual(sent);
    });

    contract('so do messages in two parts, both ways, and in order with the others', async (network) => {
      const { sender, receiver } = await network.connect();
      for (const [from, to] of [
        [sender, receiver],
        [receiver, sender],
      ] as const) {
        const got = new Recorder(to);
        const sizes = [4, 5, 6, 7, 24, 125, 126, 127, 65_535, 65_536, 65_557, 300_000];
        const sent = sizes.flatMap((size) => [0, 1, 3, 4].map((head) => ({ head, message: pattern(size) })));
        for (const { head, message } of sent) {
          // The payload anywhere in its memory, not only at a multiple of four.
          const payload = Buffer.concat([message.subarray(0, head), message.subarray(head)]).subarray(head);
          from.sendData(message.subarray(0, head), payload, () => {});
          from.send(message);
        }
        await eventually(() => got.messages.length === 2 * sent.length);
        const expected = sent.flatMap(({ message }) => [message, message]);
        expect(got.messages.map((bytes) => Buffer.from(bytes))).toEqual(expected);
      }
    });

    contract('what came before start is kept, and comes when start has returned', async (network) => {
      const { sender, receiver } = await network.connect();
      for (const number of [1, 2, 3]) sender.send(numbered(number));
      await eventually(() => receiver.received >= 12);
      const got = new Recorder(receiver);
      expect(got.messages).toEqual([]);
      await eventually(() => got.messages.length === 3);
      sender.send(numbered(4));
      await eventually(() => got.messages.length === 4);
      expect(got.numbers).toEqual([1, 2, 3, 4]);
    });

    contract('messages and an end that came before start are told in their order', async (network) => {
      const { sender, receiver } = await network.connect();
      const sending = new Recorder(sender);
      sender.send(numbered(1));
      sender.close(WHY);
      await eventually(() => sending.closed.length === 1);
      const got = new Recorder(receiver);
      expect(got.closed).toEqual([]);
      await eventually(() => got.closed.length === 1);
      expect(got.numbers).toEqual([1]);
      expect(got.disorder).toBe(false);
      expect(got.closed).toMatchObject([{ code: WHY.code, message: WHY.message }]);
    });

    contract(
      'a close is told to both sides once, with the reason of the one that closed',
      async (network) => {
        const { sender, receiver, cut } = await network.connect();
        const [sending, receiving] = [new Recorder(sender), new Recorder(receiver)];
        sender.close(WHY);
        sender.close(new TuttiError('INTERNAL', 'too late'));
        await eventually(() => sending.closed.length > 0 && receiving.closed.length > 0);
        receiver.close(new TuttiError('INTERNAL', 'too late'));
        cut();
        await settled();
        expect(sending.closed).toEqual([WHY]);
        expect(receiving.closed).toMatchObject([{ code: WHY.code, message: WHY.message }]);
      },
    );

    contract('when both sides close at once, each keeps its own reason', async (network) => {
      const { sender, receiver } = await network.connect();
      const [sending, receiving] = [new Recorder(sender), new Recorder(receiver)];
      const other = new TuttiError('MASTER_STOPPING', 'going down');
      sender.close(WHY);
      receiver.close(other);
      await eventually(() => sending.closed.length > 0 && receiving.closed.length > 0);
      expect(sending.closed).toEqual([WHY]);
      expect(receiving.closed).toEqual([other]);
    });

    contract('messages sent before a close arrive before it', async (network) => {
      const { sender, receiver } = await network.connect();
      const got = new Recorder(receiver);
      for (const number of [1, 2, 3]) sender.send(numbered(number, 100_000));
      sender.close(WHY);
      await eventually(() => got.closed.length > 0);
      expect(got.numbers).toEqual([1, 2, 3]);
      expect(got.disorder).toBe(false);
    });

    contract('after its own close a side hears no more messages', async (network) => {
      const { sender, receiver } = await network.connect();
      const [sending, receiving] = [new Recorder(sender), new Recorder(receiver)];
      sender.send(numbered(1));
      receiver.close(WHY);
      await eventually(() => sending.closed.length > 0 && receiving.closed.length > 0);
      expect(receiving.messages).toEqual([]);
    });

    const long: [string, string][] = [
      ['ASCII', 'x'.repeat(200)],
      ['two-byte characters', 'ü'.repeat(100)],
      ['three-byte characters', 'a' + '字'.repeat(100)],
      ['four-byte characters', 'ab' + '🎻'.repeat(100)],
    ];
    for (const [kind, message] of long) {
      contract(`a long reason of ${kind} is cut between two of them`, async (network) => {
        const { sender, receiver } = await network.connect();
        const got = new Recorder(receiver);
        sender.close(new TuttiError('NAME_IN_USE', message));
        await eventually(() => got.closed.length > 0);
        const [why] = got.closed as [TuttiError];
        expect(why.code).toBe('NAME_IN_USE');
        expect(why.message.endsWith('…')).toBe(true);
        expect(message.startsWith(why.message.slice(0, -1))).toBe(true);
        expect(Buffer.byteLength(`NAME_IN_USE ${why.message}`)).toBeLessThanOrEqual(123);
        expect(Buffer.byteLength(`NAME_IN_USE ${why.message}`)).toBeGreaterThanOrEqual(120);
      });
    }

    contract('a connection lost without a goodbye is NOT_CONNECTED at both ends', async (network) => {
      const { sender, receiver, cut } = await network.connect();
      const [sending, receiving] = [new Recorder(sender), new Recorder(receiver)];
      cut();
      await eventually(() => sending.closed.length > 0 && receiving.closed.length > 0);
      expect(sending.closed).toMatchObject([{ code: 'NOT_CONNECTED' }]);
      expect(receiving.closed).toMatchObject([{ code: 'NOT_CONNECTED' }]);
    });

    contract('a peer that does not answer the goodbye is cut off', async (network) => {
      const { sender, there, back } = await network.connect();
      const sending = new Recorder(sender);
      there.hold();
      back.hold();
      sender.close(WHY);
      await network.pass(1000);
      await eventually(() => sending.closed.length > 0);
      expect(sending.closed).toEqual([WHY]);
    });

    contract('flushed comes once for each message, when it has left', async (network) => {
      const { sender, receiver } = await network.connect();
      const got = new Recorder(receiver);
      const flushed: number[] = [];
      for (const number of [1, 2, 3]) sendData(sender, numbered(number), () => flushed.push(number));
      expect(flushed).toEqual([]);
      await eventually(() => flushed.length === 3 && got.messages.length === 3);
      expect(flushed).toEqual([1, 2, 3]);
    });

    contract(
      'what a slow peer does not take stays in the queue, and leaves it unflushed',
      async (network) => {
        const { sender, receiver, there } = await network.connect();
        const got = new Recorder(receiver);
        const flushed: number[] = [];
        there.hold();
        for (let n = 0; n < MANY; n += 1)
          sendData(sender, numbered(n, LIMITS.frame.value), () => flushed.push(n));
        there.pass(LIMITS.frame.value + 20);
        await eventually(() => got.messages.length === 1);
        expect(sender.queued).toBeGreaterThan(0);
        expect(flushed).not.toContain(MANY - 1);
        there.release();
        await eventually(() => got.messages.length === MANY && flushed.length === MANY);
        expect(got.numbers).toEqual(flushed);
        await eventually(() => sender.queued === 0);
      },
    );

    contract('what was still queued when the connection broke is never flushed', async (network) => {
      const { sender, there, cut } = await network.connect();
      const sending = new Recorder(sender);
      let last = 0;
      there.hold();
      for (let n = 0; n < MANY; n += 1) {
        sendData(sender, numbered(n, LIMITS.frame.value), () => {
          if (n === MANY - 1) last += 1;
        });
      }
      cut();
      await eventually(() => sending.closed.length > 0);
      sendData(sender, numbered(MANY), () => (last += 1));
      await settled();
      expect(last).toBe(0);
    });

    contract('received grows while a large message is still on its way', async (network) => {
      const { sender, receiver, there } = await network.connect();
      const got = new Recorder(receiver);
      const before = receiver.received;
      there.hold();
      sender.send(numbered(1, 500_000));
      there.pass(1000);
      await eventually(() => receiver.received === before + 1000);
      there.pass(200_000);
      await eventually(() => receiver.received === before + 201_000);
      expect(got.messages).toEqual([]);
      there.release();
      await eventually(() => got.messages.length === 1);
      expect(receiver.received).toBeGreaterThanOrEqual(before + 500_000);
    });

    contract('a message beyond the frame limit ends its own connection only', async (network) => {
      const { sender, receiver } = await network.connect();
      const other = await network.connect();
      const [sending, receiving] = [new Recorder(sender), new Recorder(receiver)];
      const elsewhere = new Recorder(other.receiver);
      sender.send(numbered(1, LIMITS.frame.value + 1));
      await eventually(() => sending.closed.length > 0 && receiving.closed.length > 0);
      expect(receiving.messages).toEqual([]);
      expect(receiving.closed).toMatchObject([{ code: 'FRAME_TOO_LARGE' }]);
      other.sender.send(numbered(2));
      await eventually(() => elsewhere.messages.length === 1);
      expect(elsewhere.closed).toEqual([]);
    });
  });
}

/** Split where its number ends. */
function sendData(sender: Transport, message: Uint8Array, flushed: () => void): void {
  sender.sendData(message.subarray(0, 4), message.subarray(4), flushed);
}

/** Bytes of which none is like its neighbours. */
function pattern(size: number): Buffer {
  return Buffer.from(Array.from({ length: size }, (_, at) => (at * 167 + (at >> 8)) & 0xff));
}
