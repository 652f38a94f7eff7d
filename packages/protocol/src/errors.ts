/**
 * The one table of everything that can go wrong: a unique code, whether the same request may succeed
 * later, what it means, and what the reader can do. `docs/errors.md` is generated from it.
 *
 * The sentence that names the very thing that failed is written where it failed, as the message of a
 * `TuttiError`; the table says what holds for every failure of that code.
 */

interface ErrorEntry {
  /** The same request can succeed later without anybody changing anything. */
  readonly retry: boolean;
  readonly means: string;
  readonly action: string;
}

export const ERRORS = {
  // The connection
  BAD_FRAME: {
    retry: false,
    means: 'A peer sent bytes that are not a message of this protocol.',
    action: 'Check that both ends are Tutti of the same major version; the connection was closed.',
  },
  FRAME_TOO_LARGE: {
    retry: false,
    means: 'A message is larger than one frame may be.',
    action: 'Send less in one message; files belong in $TUTTI_OUT, not in keys or barrier data.',
  },
  UNKNOWN_CALL: {
    retry: false,
    means: 'The peer does not know the call.',
    action: 'Upgrade the older side; calls are added in minor versions.',
  },
  BAD_PARAMS: {
    retry: false,
    means: 'The arguments of a call do not have the shape the catalogue states.',
    action: 'The message names the path of the field; correct it.',
  },
  BAD_RESULT: {
    retry: false,
    means: 'The answer to a call does not have the shape the catalogue states.',
    action: 'Upgrade the older side; if both are of one version, report a bug.',
  },
  HELLO_FIRST: {
    retry: false,
    means: 'A peer spoke before it said hello.',
    action: 'Say hello first, once; the connection was closed.',
  },
  WRONG_TOKEN: {
    retry: false,
    means: "The connection's secret is missing or is not the master's.",
    action: "Give the contents of the master's admin.token by TUTTI_TOKEN_FILE or TUTTI_TOKEN.",
  },
  PROTOCOL_MISMATCH: {
    retry: false,
    means: 'The two sides speak different major versions of the protocol.',
    action: 'Upgrade the side that the message names.',
  },
  NAME_IN_USE: {
    retry: false,
    means: 'Another agent, with another identity, is registered under this name.',
    action: 'Start one of the two with another --name.',
  },
  CLONED_IDENTITY: {
    retry: false,
    means: 'Two living machines carry the same agent identity, as copies of one image do.',
    action:
      "Remove agent.id from one machine's agent state directory (better: from the image) and start its agent again.",
  },
  SUPERSEDED: {
    retry: false,
    means: 'A newer connection of the same agent took the place of this one.',
    action: 'Nothing, if the agent was restarted; otherwise look for a second agent process on that machine.',
  },
  NOT_CONNECTED: {
    retry: true,
    means: 'The connection is down; the call was not answered.',
    action: 'Repeat it when the connection is back.',
  },
  NO_MASTER: {
    retry: true,
    means: 'No master was found, or it does not answer.',
    action: 'Name one by --master or TUTTI_MASTER, start one with "tutti master", or use --local.',
  },
  TOO_MANY_CALLS: {
    retry: true,
    means: 'A peer has more unanswered calls or open streams than a session allows.',
    action: 'Wait for answers before asking more.',
  },
  SLOW_PEER: {
    retry: true,
    means: 'A peer does not read what it is sent; its queue is full and the connection was closed.',
    action: 'Look at the load of that machine and at its network.',
  },
  CANCELLED: { retry: false, means: 'The caller withdrew the request.', action: 'Nothing.' },
  TIMED_OUT: {
    retry: true,
    means: 'A deadline passed before the thing waited for happened.',
    action: 'The message names who or what was missing.',
  },
  INTERNAL: {
    retry: false,
    means: 'A defect in Tutti.',
    action: "Report it with the daemon's log around this time.",
  },

  // HTTP
  NO_SUCH_ROUTE: {
    retry: false,
    means: 'The master answers no HTTP requests at this path.',
    action: 'See /api/v1/openapi.json for those there are.',
  },
  WRONG_METHOD: {
    retry: false,
    means: 'There is something at this path, but not by this HTTP method.',
    action: 'The header Allow of the answer says by which.',
  },
  WRONG_CONTENT_TYPE: {
    retry: false,
    means: 'The body of an HTTP request is of a kind that is not read there.',
    action: 'Send JSON, unpacked, with the header Content-Type: application/json.',
  },
  BODY_TOO_LARGE: {
    retry: false,
    means: 'The body of an HTTP request is longer than is read there.',
    action: 'Ask for less at once; files are sent by PUT, one at a time.',
  },
  BAD_RANGE: {
    retry: false,
    means: 'A part of a file was asked for that begins behind its end.',
    action:
      'The header Content-Range of the answer says how long the file is; of one that grows, ask again later.',
  },
  NO_SUCH_FILE: {
    retry: false,
    means: 'There is no such file: in a run, or on the machine that was to send it.',
    action: 'Ask for the list of its files; of a machine, look at the path that the message names.',
  },

  FILE_REFUSED: {
    retry: false,
    means: 'A machine does not let a file be read or written.',
    action:
      'The message names the path and the reason: permissions, a directory in the way, a read-only disk.',
  },
  TREE_TOO_BIG: {
    retry: false,
    means: 'A file or directory has more files or bytes than are put on a machine, or got from it, at once.',
    action: 'Take less of it, or pack it into one file.',
  },
  NO_SYSTEMD: {
    retry: false,
    means: 'A unit is waited for on a machine that is not run by systemd.',
    action: 'Wait there for a port, a file or a line of a log.',
  },

  // Daemons
  ADDRESS_IN_USE: {
    retry: true,
    means: 'The address the master should listen on is taken.',
    action: 'Stop the other process, or listen elsewhere with --listen HOST:PORT (port 0 picks a free one).',
  },
  BAD_ADDRESS: {
    retry: false,
    means: 'An address or URL cannot be understood or used.',
    action:
      'Write HOST:PORT or unix:PATH to listen, and ws://, wss://, http(s):// or unix:PATH for a master.',
  },
  STATE_NOT_WRITABLE: {
    retry: false,
    means: 'The state directory cannot be created or written.',
    action: 'Give another one with --state DIR, or correct its owner and mode.',
  },
  STATE_IN_USE: {
    retry: true,
    means: 'Another living daemon uses this state directory.',
    action: 'Stop it, or give this one its own --state DIR.',
  },
  STATE_TOO_NEW: {
    retry: false,
    means: 'The state directory was written by a newer version of Tutti.',
    action: 'Start that version again, or give this one its own --state DIR.',
  },
  UNSAFE_LISTEN: {
    retry: false,
    means: 'The master was told to listen beyond this machine without TLS.',
    action: 'Listen on 127.0.0.1 or a unix: socket and reach it through a tunnel.',
  },
  DISK_FULL: {
    retry: true,
    means: 'A disk has no room left.',
    action: 'Free space on the machine and at the path that the message names.',
  },

  LAB_FAILED: {
    retry: true,
    means: 'A private lab on this machine could not be set up, or a process of it ended.',
    action: 'The message quotes its last words; if nothing on this machine explains them, report a bug.',
  },

  // Suites and what is staged
  USAGE: {
    retry: false,
    means: 'The command line cannot be understood.',
    action: 'The command says more with --help.',
  },
  SUITE_INVALID: {
    retry: false,
    means: 'A suite file has a mistake.',
    action: 'Correct the suite at the places named.',
  },
  UNUSED_ROLE: {
    retry: false,
    means: 'A role is declared that no test uses.',
    action: 'Remove it, or give it something to run.',
  },
  SCRIPT_MISSING: {
    retry: false,
    means: 'A script that a role runs does not exist.',
    action:
      "Correct the path; it is relative to the suite file's directory, and of tutti join to where that was started.",
  },
  SCRIPT_SYNTAX: {
    retry: false,
    means: 'Node cannot read a script: a mistake in it, or TypeScript that is more than types.',
    action: 'Correct it at the place named.',
  },
  SCRIPT_NOT_RUNNABLE: {
    retry: false,
    means:
      'A script has neither execute permission with a first line "#!…" nor an ending Tutti knows an interpreter for.',
    action: 'chmod +x it and begin it with "#!…", or name it .ts, .mts, .js, .mjs or .py.',
  },
  PATH_ESCAPES: {
    retry: false,
    means: 'A path or link leads out of the tree it belongs to.',
    action: 'Keep files and links inside the directory they belong to: that of the suite, or of the member.',
  },
  SUITE_TOO_BIG: {
    retry: false,
    means: 'The suite has more files or bytes than are staged without being asked twice.',
    action: 'List what the tests do not need in .tuttiignore, or say --big.',
  },
  DIGEST_MISMATCH: {
    retry: true,
    means: 'A transferred file does not have the contents that were announced.',
    action: 'It changed while it was being read; run again.',
  },

  // Runs
  NOT_ENOUGH_NODES: {
    retry: false,
    means: 'The run needs machines that no state of those the master knows can give it.',
    action: 'Ask for less, connect more agents, wait for them with --wait-for-nodes, or use --local.',
  },
  NO_SUCH_NODE: {
    retry: false,
    means: 'The master knows no machine of that name.',
    action: 'Look for it with tutti nodes.',
  },
  NODE_HELD: {
    retry: true,
    means: 'A run has the machine, or the master is at something with it.',
    action: 'Wait for its end, take the machine out of service with tutti drain, or say --force.',
  },
  NO_POWER: {
    retry: false,
    means: "The master's configuration has no such power command for the machine.",
    action: 'Give it one in nodes.yaml and have the master read that again by SIGHUP.',
  },
  COMMAND_FAILED: {
    retry: true,
    means:
      'A command failed, or did not end in time: one that the master runs for a machine, or one that a driver runs on it.',
    action: 'The message quotes its last words; try the command by hand in the same place.',
  },
  MACHINES_INVALID: {
    retry: false,
    means: "The master's nodes.yaml has a mistake.",
    action: 'Correct it at the places named; a running master goes on with what it had.',
  },
  NO_SUCH_RUN: {
    retry: false,
    means: 'The master knows no run of that number.',
    action: 'Look for it with tutti runs.',
  },
  RUN_FINISHED: {
    retry: false,
    means: 'The run has ended already: there is nothing to cancel.',
    action: 'See how it ended with tutti report.',
  },
  SESSION_REFUSED: {
    retry: false,
    means: 'What tutti join brings does not fit into the session.',
    action: 'Join with a role that is expected and has a place left, and say the same as the others.',
  },
  SESSION_IN_USE: {
    retry: true,
    means: 'The pieces of a session under that name are running.',
    action: 'Wait for the end of that run, or join under another name.',
  },
  NOTHING_TO_RERUN: {
    retry: false,
    means: 'No test of the run is left that could be repeated: all were ok, or the run has not ended.',
    action:
      'Repeat the whole run without --failed, or wait until it has ended; what tutti join has begun is begun by tutti join again.',
  },
  FILES_GONE: {
    retry: false,
    means: 'The master has removed files of an old run, to make room for newer ones.',
    action: 'Submit the suite again from its folder.',
  },
  NO_SUCH_TEST: {
    retry: false,
    means:
      'No test of that name: in the run, or in all that the master has had; or the test has no such member.',
    action: 'The message names what there is; quote a glob, so that the shell leaves it alone.',
  },
  NOT_PAUSED: {
    retry: false,
    means: 'No test of the run is paused at a failure, or that one is not, or not any more; or several are.',
    action:
      'See by "tutti ps RUN" what the run is at. Tests pause if it was submitted with --pause-on-failure; the first decision stands.',
  },
  NO_SUCH_REPORT: {
    retry: false,
    means: 'The run has no report in that format, or none yet.',
    action: 'Wait until the run has ended, or ask for another format.',
  },
  NOT_A_DRIVER: {
    retry: false,
    means: "A script that is no driver asked for something on another member's machine.",
    action: 'Write "drive: FILE" in the test: only its driver may do this.',
  },
  NO_SUCH_COMMAND: {
    retry: false,
    means: 'There is no command of that id for who asks.',
    action: 'Ask for a command that the same test, or the same client, has started.',
  },
  NO_TERMINAL: {
    retry: false,
    means: 'A machine cannot start a terminal.',
    action: 'Do what the message says; tutti exec needs neither a shell nor a terminal.',
  },
  NODE_LOST: {
    retry: false,
    means: 'The machine on which something was to be done is gone, or its agent has given that up.',
    action: 'Look at the machine with tutti nodes; the test can be run again on another one.',
  },
  INVARIANT_BROKEN: {
    retry: false,
    means: 'What a driver said must always hold did not.',
    action: 'The message says when that was, and what was found then.',
  },
  NO_SUCH_MEMBER: {
    retry: false,
    means: 'The member is not known here, or has ended.',
    action: 'Nothing, if its test has just ended; otherwise report a bug.',
  },
  MASTER_STOPPING: {
    retry: true,
    means: 'The master is shutting down and takes no new work.',
    action: 'Try again when it is back.',
  },
  CANNOT_REBOOT: {
    retry: false,
    means: 'A machine was asked to reboot that may not, or not now.',
    action:
      'The message says why; an agent that is private or shares its machine needs a --reboot-command of its own.',
  },
  OUTPUT_LIMIT: {
    retry: false,
    means: 'A member wrote more output than is kept.',
    action: 'Write less to stdout and stderr, or put it into a file in $TUTTI_OUT.',
  },

  // Sync
  BARRIER_BROKEN: {
    retry: false,
    means: 'A participant of the barrier can no longer arrive.',
    action: 'The message names it and how it ended; a retry needs another barrier name.',
  },
  BARRIER_ABORTED: {
    retry: false,
    means: 'A participant aborted the barrier.',
    action: 'The message quotes the reason; a retry needs another barrier name.',
  },
  BARRIER_DISAGREEMENT: {
    retry: false,
    means: 'Participants of one barrier do not agree on who takes part.',
    action: 'Give the same count, roles or members at every call; the message quotes both.',
  },
  ALREADY_ARRIVED: {
    retry: false,
    means: 'The same member arrived twice in one generation of a barrier.',
    action: 'Wait for the first arrival to be released, or use two barrier names.',
  },
  BAD_PARTICIPANTS: {
    retry: false,
    means: 'A barrier was asked for participants that the test does not have.',
    action: 'Correct count, roles or members; the message says how many members the test has.',
  },
  NO_SECRET: {
    retry: false,
    means: 'A test asks for a secret that the master does not have, or may not give.',
    action:
      'Make the file that the message names, readable by the master alone (mode 600), and run the test again.',
  },
  WAIT_BROKEN: {
    retry: false,
    means: 'Nobody is left who could do what was waited for.',
    action: 'The message names the members that have ended.',
  },
  ALREADY_RECEIVING: {
    retry: false,
    means: 'The member has another recv of this topic that waits, or whose message is not acknowledged yet.',
    action: 'Let one process of the member receive, or share the messages out with take.',
  },
  ALREADY_HELD: {
    retry: false,
    means:
      'The member holds the lock already, or waits for it already: a lock belongs to a member, not to a process.',
    action: 'Unlock it first, or use another lock among the processes of one member.',
  },
  NOT_HELD: {
    retry: false,
    means: 'What was to be given up is not held: a lock by unlock, or a message by its acknowledgement.',
    action: 'Unlock only what was locked by the same member; a message that went back is given out again.',
  },
  LOCK_DISAGREEMENT: {
    retry: false,
    means: 'Members do not agree on how many slots a lock has.',
    action: 'Give the same number of slots at every call; the message quotes both.',
  },
  VALUE_TOO_LARGE: {
    retry: false,
    means: 'A value is larger than its limit.',
    action: 'Pass a reference instead, or put the data into a file in $TUTTI_OUT.',
  },
  NOT_A_NUMBER: {
    retry: false,
    means: 'The key that incr was used on holds something else than a whole number.',
    action: 'Use another key, or set it to a number first.',
  },
  SPACE_FULL: {
    retry: false,
    means: 'The attempt has used up its room for keys and topics, or its number of decisions.',
    action: 'Use fewer or smaller keys and messages.',
  },
  SPACE_CLOSED: {
    retry: false,
    means: 'The attempt this call belongs to has ended.',
    action: 'Nothing; the test is over.',
  },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERRORS;

export const ERROR_CODES = Object.keys(ERRORS) as ErrorCode[];

export function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(ERRORS, code);
}

/** The only error class that crosses a package, a socket or the screen. */
export class TuttiError extends Error {
  readonly code: ErrorCode;
  /** Machine-readable extras, JSON; what they hold is the thrower's business. */
  readonly details: Record<string, unknown> | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    options: { cause?: unknown; details?: Record<string, unknown> | undefined } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'TuttiError';
    this.code = code;
    this.details = options.details;
  }

  /** The same request may succeed later. */
  get retry(): boolean {
    return ERRORS[this.code].retry;
  }

  get action(): string {
    return ERRORS[this.code].action;
  }

  /** Wraps anything thrown; a `TuttiError` passes through unchanged. */
  static from(thrown: unknown, code: ErrorCode = 'INTERNAL'): TuttiError {
    if (thrown instanceof TuttiError) return thrown;
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return new TuttiError(code, message, { cause: thrown });
  }
}
