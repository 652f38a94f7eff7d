/**
 * What a driver, an operator or a program does on a machine. One declaration serves all of them: a driver's script sends the
 * `args` on its local socket, wrapped in which member is meant; its agent passes them to the master as the call
 * `drive.<verb>`, wrapped in who asks; a client sends the same as `node.<verb>`, wrapped in which machine is meant.
 */
import * as z from 'zod';
import { call } from '../entry.ts';
import { Id, MemberName, NodeName, RequestId, Seconds } from '../ids.ts';
import { LIMITS } from '../limits.ts';
import { Exit, StopReason } from './agent.ts';
import { Command, PathOnNode } from './command.ts';
import { Env, Facts, Labels } from './spec.ts';
import { terminalVerbs } from './terminal.ts';
import { Blob, FileMode } from './tree.ts';
import { RunNumber } from './views.ts';

/** What a command wrote into one of its outputs. */
const CommandOutput = z.object({
  /** All of it, in bytes. */
  size: z.number().int().nonnegative(),
  /** The end of it, at most `LIMITS.commandOutput`, in base64: output is bytes. */
  tail: z.base64(),
});
export type CommandOutput = z.infer<typeof CommandOutput>;

export const CommandEnd = z.object({
  exit: Exit,
  /** Why it was stopped from outside: its exit status says nothing then. */
  stopped: StopReason.optional(),
  /** From start to end, by the machine's monotonic clock. */
  duration: Seconds,
  stdout: CommandOutput,
  stderr: CommandOutput,
});
export type CommandEnd = z.infer<typeof CommandEnd>;

/** A command as the one who started it names it. */
const commandId = { command: Id };

export const Signal = z.enum(['HUP', 'INT', 'QUIT', 'KILL', 'USR1', 'USR2', 'TERM', 'CONT', 'STOP', 'ALRM']);
export type Signal = z.infer<typeof Signal>;

/** What can be waited for on a machine. */
export const Awaited = z.discriminatedUnion('is', [
  z
    .object({ is: z.literal('port'), port: z.number().int().min(1).max(65_535), host: z.string().optional() })
    .describe('something accepts TCP connections there'),
  z.object({ is: z.literal('file'), path: PathOnNode }).describe('a file or directory of that name exists'),
  z
    .object({
      is: z.literal('log'),
      /** Of a command: its two outputs; else a file, from its beginning. */
      command: Id.optional(),
      path: PathOnNode.optional(),
      /** A JavaScript regular expression, for one line at a time. */
      pattern: z.string().min(1).max(4096),
    })
    .refine(({ command, path }) => (command === undefined) !== (path === undefined), 'a command or a path')
    .describe('a line that matches is there'),
  z
    .object({ is: z.literal('unit'), unit: z.string().min(1).max(256) })
    .describe('a systemd unit is active; one that has failed ends the wait'),
]);
export type Awaited = z.infer<typeof Awaited>;

/** A file or a directory whose contents the master has, or is to have. */
const Tree = z.object({
  kind: z.enum(['file', 'directory']),
  /** A `Manifest` as JSON; of a file it has one entry. */
  manifest: Blob,
});
export type StagedTree = z.infer<typeof Tree>;

/** What a tree that was got lacks, each with the reason; at most so many are told. */
const Skipped = z.array(z.object({ path: z.string(), why: z.string() })).max(1000);

/** What came from a machine. */
const GotTree = Tree.extend({ skipped: Skipped.optional() });

const WrittenTree = z.object({
  files: z.number().int().nonnegative(),
  bytes: z.number().int().nonnegative(),
});

interface NodeVerbEntry<A extends z.ZodObject, R extends z.ZodType> {
  args: A;
  result: R;
  doc: string;
}

function verb<A extends z.ZodObject, R extends z.ZodType>(entry: NodeVerbEntry<A, R>): NodeVerbEntry<A, R> {
  return entry;
}

export const nodeVerbs = {
  start: verb({
    args: z.object({
      command: Command,
      /** For people: in messages and in the report. Default: the beginning of the command. */
      name: z.string().min(1).max(LIMITS.name.value).optional(),
      env: Env.optional(),
      cwd: PathOnNode.optional(),
      /** It is stopped then. Default: the test's, or an hour. */
      timeout: Seconds.positive().optional(),
    }),
    result: z.object({
      ...commandId,
      /** 1, 2, 3 … within its member; its files are in `cmd-<number>/` */
      number: z.number().int().positive(),
    }),
    doc: 'Starts a command on a machine; answered when it runs, or when its end says that it cannot. The same request starts once.',
  }),
  ended: verb({
    args: z.object(commandId),
    result: CommandEnd,
    doc: 'Waits until a command has ended, with all that it started, and its output is at the master.',
  }),
  stop: verb({
    args: z.object(commandId),
    result: z.object({}),
    doc: 'Begins the stop ladder of a command; `ended` says when it is over. Nothing to do for one that has ended.',
  }),
  kill: verb({
    args: z.object({ ...commandId, signal: Signal.optional() }),
    result: z.object({}),
    doc: 'Sends a signal, TERM if not given, to all processes of a command, once for each request.',
  }),
  put: verb({
    args: Tree.extend({
      path: PathOnNode,
      /** Of a file; default: what the manifest says. */
      mode: FileMode.optional(),
    }),
    result: WrittenTree,
    doc: 'Makes a file or a directory on a machine, from contents that the master has. A file is replaced at once or not at all.',
  }),
  get: verb({
    args: z.object({ path: PathOnNode }),
    result: GotTree,
    doc: 'Brings a file or a directory of a machine to the master, and from there to who asks.',
  }),
  wait: verb({
    args: z.object({ for: Awaited, timeout: Seconds.optional() }),
    result: z.object({
      /** Of a log: the line that matched. */
      line: z.string().optional(),
      waited: Seconds,
    }),
    doc: 'Waits on a machine for a port, a file, a line of a log, or a unit.',
  }),
  reboot: verb({
    args: z.object({ timeout: Seconds.optional() }),
    result: z.object({
      /** The boot id that proves it. */
      boot: z.string(),
      /** Until its agent was there again. */
      away: Seconds,
    }),
    doc: 'Reboots a machine; answered when it is back. Its commands end with it.',
  }),
  facts: verb({
    args: z.object({}),
    result: z.object({
      node: NodeName,
      boot: z.string(),
      facts: Facts,
      labels: Labels,
      addresses: z.array(z.string()),
    }),
    doc: 'What is known about a machine.',
  }),
  open: verb(terminalVerbs.open),
  read: verb(terminalVerbs.read),
  write: verb(terminalVerbs.write),
  resize: verb(terminalVerbs.resize),
  attend: verb(terminalVerbs.attend),
  close: verb(terminalVerbs.close),
};

export type NodeVerb = keyof typeof nodeVerbs;
export const NODE_VERBS = Object.keys(nodeVerbs) as NodeVerb[];
export type NodeArgs<V extends NodeVerb> = z.infer<(typeof nodeVerbs)[V]['args']>;
export type NodeResult<V extends NodeVerb> = z.infer<(typeof nodeVerbs)[V]['result']>;

/**
 * What a driver's script sends on its local socket: the same verbs, but files are those of its own machine, by absolute paths.
 */
export const driveArgs = {
  ...mapArgs(nodeVerbs),
  put: z.object({ from: z.string().startsWith('/'), path: PathOnNode, mode: FileMode.optional() }),
  get: z.object({ path: PathOnNode, to: z.string().startsWith('/') }),
};
export const driveResults = {
  ...mapResults(nodeVerbs),
  get: WrittenTree.extend({ skipped: Skipped.optional() }),
};
export type DriveArgs<V extends NodeVerb> = z.infer<(typeof driveArgs)[V]>;
export type DriveResult<V extends NodeVerb> = z.infer<(typeof driveResults)[V]>;

function mapArgs(verbs: typeof nodeVerbs): { [V in NodeVerb]: (typeof nodeVerbs)[V]['args'] } {
  return Object.fromEntries(Object.entries(verbs).map(([name, { args }]) => [name, args])) as never;
}

function mapResults(verbs: typeof nodeVerbs): { [V in NodeVerb]: (typeof nodeVerbs)[V]['result'] } {
  return Object.fromEntries(Object.entries(verbs).map(([name, { result }]) => [name, result])) as never;
}

/** A driver means a member of its test; it may not mean anything else. */
const driveCall = <A extends z.ZodObject, R extends z.ZodType>({ args, result, doc }: NodeVerbEntry<A, R>) =>
  call({
    directions: ['agent→master'],
    params: z.object({
      /** Who asks. */
      member: Id,
      /** Chosen by the script's SDK. The same request does what it does once, and gets the same answer. */
      request: RequestId,
      /** Whose machine is meant. */
      on: MemberName,
      args,
    }),
    result,
    idempotent: true,
    doc: `For a driver. ${doc}`,
  });

/** A machine, by its own name or as what it is to a test under way. */
export const Whereabouts = z.union([
  z.object({ node: NodeName }),
  z.object({
    run: RunNumber,
    /** Default: the one test that is under way. */
    test: z.string().optional(),
    member: MemberName,
  }),
]);
export type Whereabouts = z.infer<typeof Whereabouts>;

const nodeCall = <A extends z.ZodObject, R extends z.ZodType>(
  { args, result, doc }: NodeVerbEntry<A, R>,
  endsWithCaller = false,
) =>
  call({
    directions: ['client→master'],
    params: z.object({
      /** Chosen by the client. The same request does what it does once, and gets the same answer. */
      request: RequestId,
      at: Whereabouts,
      args,
    }),
    result,
    idempotent: true,
    endsWithCaller,
    doc,
  });

export const driveCalls = {
  'drive.start': driveCall(nodeVerbs.start),
  'drive.ended': driveCall(nodeVerbs.ended),
  'drive.stop': driveCall(nodeVerbs.stop),
  'drive.kill': driveCall(nodeVerbs.kill),
  'drive.put': driveCall(nodeVerbs.put),
  'drive.get': driveCall(nodeVerbs.get),
  'drive.wait': driveCall(nodeVerbs.wait),
  'drive.reboot': driveCall(nodeVerbs.reboot),
  'drive.facts': driveCall(nodeVerbs.facts),
  'drive.open': driveCall(nodeVerbs.open),
  'drive.read': driveCall(nodeVerbs.read),
  'drive.write': driveCall(nodeVerbs.write),
  'drive.resize': driveCall(nodeVerbs.resize),
  'drive.attend': driveCall(nodeVerbs.attend),
  'drive.close': driveCall(nodeVerbs.close),
};

export const nodeCalls = {
  'node.start': nodeCall(nodeVerbs.start),
  'node.ended': nodeCall(nodeVerbs.ended, true),
  'node.stop': nodeCall(nodeVerbs.stop),
  'node.kill': nodeCall(nodeVerbs.kill),
  'node.put': nodeCall(nodeVerbs.put, true),
  'node.get': nodeCall(nodeVerbs.get, true),
  'node.wait': nodeCall(nodeVerbs.wait, true),
  'node.reboot': nodeCall(nodeVerbs.reboot, true),
  'node.facts': nodeCall(nodeVerbs.facts),
  'node.open': nodeCall(nodeVerbs.open),
  'node.read': nodeCall(nodeVerbs.read, true),
  'node.write': nodeCall(nodeVerbs.write, true),
  'node.resize': nodeCall(nodeVerbs.resize),
  'node.attend': nodeCall(nodeVerbs.attend, true),
  'node.close': nodeCall(nodeVerbs.close),
};

/** Everything an agent needs to know about one command; it becomes `spec.json` in the command's directory. */
export const CommandSpec = z.object({
  /** Of the command: its streams, its end and its stop go by it, as those of a member do. */
  member: Id,
  master: Id,
  /** The member in whose directory it lives and whose environment it has; without one it has the machine's own. */
  of: Id.optional(),
  number: z.number().int().positive(),
  /** `db.0 cmd-3 (pg_ctl -D data start)` */
  name: z.string().max(1024),
  node: NodeName,
  command: Command,
  env: Env,
  cwd: PathOnNode.optional(),
  timeout: Seconds.positive(),
});
export type CommandSpec = z.infer<typeof CommandSpec>;

/**
 * Between master and agent. A command is stopped, ends, is shipped and is forgotten by the same calls and streams as a
 * member, under its own id; `of` is the member whose `work/` relative paths start in.
 */
export const onNodeCalls = {
  'command.start': call({
    directions: ['master→agent'],
    params: z.object({ spec: CommandSpec }),
    result: z.object({}),
    idempotent: true,
    doc: 'Makes the directory of a command and starts it; a command starts once, however often it is asked.',
  }),
  'command.kill': call({
    directions: ['master→agent'],
    params: z.object({ member: Id, request: RequestId, signal: Signal }),
    result: z.object({}),
    idempotent: true,
    doc: 'Sends a signal to all processes of a command, once for each request.',
  }),
  'files.write': call({
    directions: ['master→agent'],
    params: Tree.extend({ of: Id.optional(), path: PathOnNode, mode: FileMode.optional() }),
    result: WrittenTree,
    idempotent: true,
    doc: "Makes a file or a directory from contents that are in the agent's digest cache.",
  }),
  'files.read': call({
    directions: ['master→agent'],
    params: z.object({ of: Id.optional(), path: PathOnNode }),
    result: GotTree,
    idempotent: true,
    doc: 'Sends the contents of a file or a directory as streams, as far as the master lacks them; answered when all are complete.',
  }),
  'machine.wait': call({
    directions: ['master→agent'],
    params: z.object({ of: Id.optional(), for: Awaited }),
    result: z.object({ line: z.string().optional() }),
    idempotent: true,
    doc: 'Waits for a port, a file, a line of a log, or a unit, until the call is cancelled.',
  }),
  'machine.reboot': call({
    directions: ['master→agent'],
    params: z.object({
      /** The boot that is to end: on any other there is nothing to do. */
      boot: z.string(),
    }),
    result: z.object({}),
    idempotent: true,
    doc: 'Reboots the machine for an operator; refused while members of runs live on it.',
  }),
};
