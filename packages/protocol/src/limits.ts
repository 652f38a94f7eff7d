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
  httpBody: { value: MiB, code: 'BODY_TOO_LARGE', what: 'the body of one call by HTTP' },
  httpBlob: { value: 256 * MiB, code: 'BODY_TOO_LARGE', what: 'one file staged by HTTP' },
  openRequests: { value: 1024, code: 'TOO_MANY_CALLS', what: 'HTTP requests of one master, at one time' },
  httpFeeds: {
    value: 64,
    code: 'TOO_MANY_CALLS',
    what: 'readers of logs by HTTP of one master, at one time',
  },
  idleConnections: {
    value: 16_384,
    code: 'TOO_MANY_CALLS',
    what: 'connections of one master that ask nothing; beyond, the one idle longest is closed',
  },
  sendQueue: { value: 16 * MiB, code: 'SLOW_PEER', what: 'bytes waiting to be sent to one peer' },
  localLine: { value: MiB, code: 'BAD_PARAMS', what: "one line on a script's local socket" },
  commandOutput: {
    value: 192 * KiB,
    code: 'BAD_PARAMS',
    what: "the end of a command's output that its caller is given, of each of the two",
  },
  commands: { value: 10_000, code: 'TOO_MANY_CALLS', what: 'commands on the machines of one attempt' },
  openCommands: {
    value: 1000,
    code: 'TOO_MANY_CALLS',
    what: 'commands of operators and programs that run at once',
  },
  terminals: { value: 64, code: 'TOO_MANY_CALLS', what: 'terminals on one machine (`open`)' },
  terminalOutput: {
    value: 256 * KiB,
    code: 'BAD_PARAMS',
    what: 'output of a terminal that nobody has read; its command waits then',
  },
  terminalPiece: { value: 48 * KiB, code: 'BAD_PARAMS', what: 'bytes to or from a terminal in one call' },
  output: { value: 4 * KiB * MiB, code: 'OUTPUT_LIMIT', what: "one member's output" },
  reason: { value: 1024, code: 'BAD_PARAMS', what: 'characters of why a machine is out of service' },
  labels: { value: 64, code: 'BAD_PARAMS', what: 'labels of one machine' },
  membersShown: { value: 200, code: 'BAD_PARAMS', what: 'members of one test that watchers are told of' },
  pauseSeconds: { value: 86_400, code: 'BAD_PARAMS', what: 'seconds of a pause at a failure' },
  sessions: { value: 1000, code: 'SESSION_REFUSED', what: 'sessions that gather at one master' },
  sessionMembers: { value: 1024, code: 'SESSION_REFUSED', what: 'members of one session' },
  joinerMembers: { value: 64, code: 'BAD_PARAMS', what: 'members that one `tutti join` brings' },
  stagedBytes: { value: 256 * MiB, code: 'SUITE_TOO_BIG', what: 'all files of a suite, without --big' },
  treeBytes: {
    value: 4 * KiB * MiB,
    code: 'TREE_TOO_BIG',
    what: 'a file or directory that is put on a machine, or got from it',
  },
  logLine: {
    value: 64 * KiB,
    code: 'BAD_PARAMS',
    what: 'of one line of a log that is waited for; what follows in it is not looked at',
  },
  stagedFiles: { value: 100_000, code: 'SUITE_TOO_BIG', what: 'files of a suite' },
} as const satisfies Record<string, Limit>;
