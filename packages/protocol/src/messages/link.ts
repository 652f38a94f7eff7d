/** What every session speaks, whoever its ends are: heartbeat, and streams acknowledged by length. */
import * as z from 'zod';
import { call, DIRECTIONS, event } from '../entry.ts';
import { Digest, Id, MonotonicMs } from '../ids.ts';
import { FileMode, linkStaysBelow, TreePath } from './tree.ts';

/** The append-only files of a member that are replicated by length. */
export const LogSource = z.enum(['stdout', 'stderr', 'events']);
export type LogSource = z.infer<typeof LogSource>;

const Size = z.number().int().nonnegative();

const LinkTarget = z.string().min(1).max(4096);

/** What a stream carries; the receiver decides by it where the bytes go. */
export const StreamTarget = z.discriminatedUnion('to', [
  z
    .object({ to: z.literal('blob'), digest: Digest, size: Size })
    .describe('a staged file, into the digest cache'),
  z
    .object({ to: z.literal('log'), member: Id, source: LogSource, incarnation: Size })
    .describe("a member's append-only file"),
  z
    .object({
      to: z.literal('artifact'),
      member: Id,
      path: TreePath,
      digest: Digest,
      size: Size,
      mode: FileMode,
    })
    .describe('a file that a member left in $TUTTI_OUT'),
  z
    .object({ to: z.literal('result'), run: z.number().int(), path: TreePath, size: Size, mode: FileMode })
    .describe("a file of a finished run's directory"),
  z
    .object({ to: z.literal('resultLink'), run: z.number().int(), path: TreePath, target: LinkTarget })
    .refine(
      (link) => linkStaysBelow(link.path, link.target),
      'a link stays inside its tree, and ".." comes first in it',
    )
    .describe("a symbolic link of a finished run's directory; its stream is empty"),
  z
    .object({ to: z.literal('logs'), feed: Id })
    .describe('lines of several logs, in the order of time, as log frames'),
]);
export type StreamTarget = z.infer<typeof StreamTarget>;

const StreamId = z.number().int().nonnegative();

export const linkCalls = {
  'stream.open': call({
    directions: DIRECTIONS,
    params: z.object({ stream: StreamId, target: StreamTarget }),
    result: z.object({ length: Size }),
    idempotent: true,
    doc: 'Announces a stream. The result is the length the receiver already has: the sender continues there.',
  }),
  'stream.close': call({
    directions: DIRECTIONS,
    params: z.object({ stream: StreamId, length: Size }),
    result: z.object({}),
    idempotent: true,
    doc: 'The stream is complete at this length. Answered when the bytes are on disk and, for a digest, verified.',
  }),
};

export const linkEvents = {
  'link.ping': event({
    directions: DIRECTIONS,
    params: z.object({ sent: MonotonicMs, offset: z.number().optional() }),
    doc: "Sign of life, from the side that dialled, and from the other one when it has long said nothing. `offset`: ms to add to the sender's monotonic clock to get the receiver's wall clock, as well as the sender knows.",
  }),
  'link.pong': event({
    directions: DIRECTIONS,
    params: z.object({ sent: MonotonicMs, wall: z.number() }),
    doc: "Answers a ping: the ping's own time, and the answerer's wall clock (Unix ms) at that instant.",
  }),
  'stream.ack': event({
    directions: DIRECTIONS,
    params: z.object({ stream: StreamId, length: Size }),
    doc: 'The receiver has this many bytes of the stream. The acknowledged length is all the flow control there is.',
  }),
  'stream.refused': event({
    directions: DIRECTIONS,
    params: z.object({ stream: StreamId, code: z.string(), message: z.string() }),
    doc: 'The receiver cannot take more of the stream: a full disk, a wrong digest.',
  }),
};
