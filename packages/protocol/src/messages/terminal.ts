/**
 * A command whose input and output go to and fro while it runs, on a terminal of its own or without one: `tutti shell`,
 * `tutti exec`, and `shell()` of machines.
 *
 * Everything is asked for by who uses it, and nothing is sent unasked. Output is read from a position: what is before it is
 * acknowledged and dropped, what is behind it stays, at most `LIMITS.terminalOutput`; then the command waits until it is read. Input is
 * written at a position likewise. So both may be repeated after a lost connection, and neither can fill a queue on its way.
 * Who uses it says so by `attend`, for as long as it is there.
 */
import * as z from 'zod';
import { call } from '../entry.ts';
import { Id, NodeName, Seconds } from '../ids.ts';
import { LIMITS } from '../limits.ts';
import { Exit, StopReason } from './agent.ts';
import { Command, PathOnNode } from './command.ts';
import { Env } from './spec.ts';

/** In characters. */
const Side = z.number().int().min(1).max(10_000);

export const ScreenSize = z.object({ columns: Side, rows: Side });
export type ScreenSize = z.infer<typeof ScreenSize>;

/** `term`: what kind it is, as in `TERM`. */
const Screen = ScreenSize.extend({ term: z.string().min(1).max(LIMITS.name.value).optional() });

const Position = z.number().int().nonnegative();

/** Base64 takes four characters for three bytes. */
const Bytes = z.base64().max(Math.ceil(LIMITS.terminalPiece.value / 3) * 4);

/** With a screen all output is one: `stdout`. */
const Piece = z.object({ of: z.enum(['stdout', 'stderr']), bytes: Bytes });
export type TerminalPiece = z.infer<typeof Piece>;

export const TerminalEnd = z.object({
  exit: Exit,
  /** Why it was stopped from outside: its exit status says nothing then. */
  stopped: StopReason.optional(),
  /** From start to end, by the machine's monotonic clock. */
  duration: Seconds,
});
export type TerminalEnd = z.infer<typeof TerminalEnd>;

const which = { terminal: Id };

const reading = z.object({ ...which, from: Position });
const pieces = z.object({
  pieces: z.array(Piece),
  /** Nothing comes after these. */
  over: z.boolean(),
});
const writing = z.object({
  ...which,
  at: Position,
  bytes: Bytes,
  /** Nothing comes after these: its stdin ends. */
  last: z.boolean().optional(),
});
const written = z.object({
  /** It takes more. */
  open: z.boolean(),
});

const what = {
  /** Default: the shell of the agent's user. */
  command: Command.optional(),
  /** The terminal that it is to have; without one its stdin, stdout and stderr are pipes. */
  screen: Screen.optional(),
  env: Env.optional(),
  cwd: PathOnNode.optional(),
  /** It is stopped then. Default: never. */
  timeout: Seconds.positive().optional(),
};

export const terminalVerbs = {
  open: {
    args: z.object(what),
    result: z.object(which),
    doc: 'Starts a command whose input and output go to and fro while it runs, on a terminal or without one. Who opened it attends: else it ends.',
  },
  read: {
    args: reading,
    result: pieces,
    doc: 'Waits for output from this position on. What is before it is dropped.',
  },
  write: {
    args: writing,
    result: written,
    doc: 'Gives a terminal what is typed into it; answered when it has been taken. What was given before is not given again.',
  },
  resize: {
    args: ScreenSize.extend(which),
    result: z.object({}),
    doc: 'Tells a terminal of its new size.',
  },
  attend: {
    args: z.object(which),
    result: TerminalEnd,
    doc: 'Waits until its command has ended, with all that it started. A terminal that nobody has attended for 30 s ends.',
  },
  close: {
    args: z.object(which),
    result: z.object({}),
    doc: 'Begins the stop ladder of its command; of one that has ended nothing is kept. Nothing to do for one that is not there.',
  },
};

/** Everything an agent needs to know about one. */
export const TerminalSpec = z.object({
  ...which,
  node: NodeName,
  /** The member in whose directory it starts and whose environment it has; without one it has the machine's own. */
  of: Id.optional(),
  ...what,
});
export type TerminalSpec = z.infer<typeof TerminalSpec>;

const agentCall = <A extends z.ZodObject, R extends z.ZodType>({
  args,
  result,
  doc,
}: {
  args: A;
  result: R;
  doc: string;
}) => call({ directions: ['master→agent'], params: args, result, idempotent: true, doc });

export const terminalCalls = {
  'terminal.open': agentCall({
    ...terminalVerbs.open,
    args: z.object({ spec: TerminalSpec }),
    result: z.object({}),
  }),
  'terminal.read': agentCall(terminalVerbs.read),
  'terminal.write': agentCall(terminalVerbs.write),
  'terminal.resize': agentCall(terminalVerbs.resize),
  'terminal.attend': agentCall(terminalVerbs.attend),
  'terminal.close': agentCall(terminalVerbs.close),
};
