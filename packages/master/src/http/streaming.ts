/**
 * Bytes made one piece after the other, as the body of an answer. A piece is made when the one before it was taken, so a reader
 * that is slow costs one piece; one that takes nothing for a minute is cut off.
 */
import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import type { Clock, Logger } from '@tutti/link';
import { TuttiError } from '@tutti/protocol';
import type { FastifyReply } from 'fastify';

const STALLED_MS = 60_000;

/** Calls back once, when the answer was sent or nobody is there any more to get it. */
export function whenGone(reply: FastifyReply, gone: () => unknown): void {
  if (reply.raw.destroyed) gone();
  else reply.raw.once('close', () => void gone());
}

/** Aborted then. */
export function goneSignal(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  whenGone(reply, () => controller.abort(new TuttiError('CANCELLED', 'the client went away')));
  return controller.signal;
}

export interface SendDeps {
  readonly clock: Pick<Clock, 'after'>;
  readonly log: Pick<Logger, 'error'>;
}

/** What goes wrong on the way is logged, and told to the reader by the end of its connection: its answer has begun. */
export function sendPieces(
  reply: FastifyReply,
  pieces: AsyncIterable<Uint8Array>,
  { clock, log }: SendDeps,
): FastifyReply {
  const watched = takenInTime(pieces, clock, reply.raw);
  const body = Readable.from(watched, { objectMode: false });
  body.on('error', (error) => {
    if (!reply.raw.destroyed) log.error({ err: error }, `a defect while answering ${reply.request.url}`);
  });
  return reply.send(body);
}

/** A piece is taken when the next one is wanted: then a generator goes on. */
async function* takenInTime(
  pieces: AsyncIterable<Uint8Array>,
  clock: Pick<Clock, 'after'>,
  response: Pick<ServerResponse, 'flushHeaders' | 'destroy'>,
): AsyncGenerator<Uint8Array> {
  // Its reader knows at once that it was let in, also when there is nothing for it yet.
  response.flushHeaders();
  for await (const piece of pieces) {
    const taken = clock.after(STALLED_MS, () => response.destroy());
    try {
      yield piece;
    } finally {
      taken();
    }
  }
}
