/**
 * Every bound of the wire and of a sync space, by name, with the error that says it was passed.
 * Bytes unless the name says otherwise.
 */
import type { ErrorCode } from './errors.ts';

interface Limit {
  readonly value: number;
  readonly code: ErrorCode;
  readonly what: string;
}

const KiB = 1024;
const MiB = 1024 * KiB;

export const LIMITS = {
  frame: { value: MiB, code: 'FRAME_TOO_LARGE', what: 'one WebSocket frame' },
  depth: { value: 64, code: 'BAD_FRAME', what: 'nesting of arrays and maps in one frame' },
  name: { value: 128, code: 'BAD_PARAMS', what: 'characters in a name' },
  keyValue: {
    value: 256 * KiB,
    code: 'VALUE_TOO_LARGE',
    what: "a key's value or a topic's message, as JSON text",
  },
  barrierData: {
    value: 16 * KiB,
    code: 'VALUE_TOO_LARGE',
    what: "one participant's barrier data, as JSON text",
  },
  barrierDataTotal: {
    value: 512 * KiB,
    code: 'VALUE_TOO_LARGE',
    what: "all participants' barrier data, as JSON text",
  },
  spaceBytes: { value: 64 * MiB, code: 'SPACE_FULL', what: 'all keys and topics of one attempt' },
  spaceDecisions: { value: 1_000_000, code: 'SPACE_FULL', what: 'decisions of one attempt' },
  window: { value: MiB, code: 'BAD_FRAME', what: 'unacknowledged stream bytes of one session' },
  chunk: { value: 64 * KiB, code: 'BAD_FRAME', what: 'one data frame of a stream' },
  openCalls: { value: 16_384, code: 'TOO_MANY_CALLS', what: 'unanswered calls of one session' },
  openStreams: { value: 4_096, code: 'TOO_MANY_CALLS', what: 'open incoming streams of one session' },
  openFeeds: { value: 16, code: 'TOO_MANY_CALLS', what: 'readers of logs (`run.logs`) of one session' },
  sendQueue: { value: 16 * MiB, code: 'SLOW_PEER', what: 'bytes waiting to be sent to one peer' },
  localLine: { value: MiB, code: 'BAD_PARAMS', what: "one line on a script's local socket" },
  output: { value: 4 * KiB * MiB, code: 'OUTPUT_LIMIT', what: "one member's output" },
  reason: { value: 1024, code: 'BAD_PARAMS', what: 'characters of why a machine is out of service' },
  labels: { value: 64, code: 'BAD_PARAMS', what: 'labels of one machine' },
  membersShown: { value: 200, code: 'BAD_PARAMS', what: 'members of one test that watchers are told of' },
  stagedBytes: { value: 256 * MiB, code: 'SUITE_TOO_BIG', what: 'all files of a suite, without --big' },
  stagedFiles: { value: 100_000, code: 'SUITE_TOO_BIG', what: 'files of a suite' },
} as const satisfies Record<string, Limit>;
