/** What became of a command on a machine, in the words of a script: from what the agent answers, and whether that is a failure. */
import { TuttiError } from '../errors.ts';
import { type Place, shown } from './call.ts';
import { inWords } from './wait.ts';

/** A line for `sh -c`, or a program and its arguments. */
export type Command = string | readonly string[];

/** The part of an output that came, where not all did. */
export interface Truncated {
  /** All of it, in bytes. */
  readonly size: number;
  /** How many bytes of its end are here. */
  readonly kept: number;
  /** Where all of it is, in the run's directory, below the attempt. */
  readonly log: string;
}

export interface CommandResult {
  readonly command: Command;
  /** `db.0` */
  readonly member: string;
  /** The machine's name. */
  readonly machine: string;
  /** 1, 2, 3 … within its member; its logs are in `cmd-<number>/`. */
  readonly number: number;
  /** It ended by itself, with status 0. */
  readonly ok: boolean;
  /** Its exit status; undefined if it did not end by itself. */
  readonly exit: number | undefined;
  /** What killed it: `SIGKILL`. */
  readonly signal: string | undefined;
  /** As UTF-8. Of a long output the end: see `truncated`. */
  readonly stdout: string;
  readonly stderr: string;
  /** The same, byte for byte. */
  readonly bytes: { readonly stdout: Buffer; readonly stderr: Buffer };
  /** Set where an output was too long to be brought here as a whole. */
  readonly truncated: {
    readonly stdout: Truncated | undefined;
    readonly stderr: Truncated | undefined;
  };
  /** Seconds, by the machine's clock. */
  readonly duration: number;
}

/** A command that did not do what was expected of it: it failed, or with `fails` succeeded. */
export class CommandFailed extends TuttiError {
  /** `db.0` */
  readonly member: string;
  /** The machine's name. */
  readonly machine: string;
  readonly command: Command;
  readonly result: CommandResult;
  /** It was stopped for its timeout. */
  readonly timedOut: boolean;

  constructor(message: string, result: CommandResult, timedOut = false) {
    super('COMMAND_FAILED', message);
    this.name = 'CommandFailed';
    this.member = result.member;
    this.machine = result.machine;
    this.command = result.command;
    this.result = result;
    this.timedOut = timedOut;
  }
}

/** How a command ended, as the agent says it. */
type Exit =
  | { how: 'exited'; code: number }
  | { how: 'signalled'; signal: string }
  | { how: 'killed' }
  | { how: 'not-started' | 'not-rebooted'; message: string }
  | { how: 'rebooted' };
interface Output {
  size: number;
  tail: string;
}
interface End {
  exit: Exit;
  stopped?: string;
  duration: number;
  stdout: Output;
  stderr: Output;
}

export interface Ended {
  readonly result: CommandResult;
  /** Completes the sentence `"psql" on db.0 (n1) …`. */
  readonly how: string;
  /** Its time was over. */
  readonly timedOut: boolean;
  /** Somebody ended it: its status says nothing. */
  readonly stopped: boolean;
}

/** @throws TuttiError when it was the lab that ended it */
export function readEnd(answer: unknown, place: Place, command: Command, number: number): Ended {
  const { exit, stopped, duration, stdout, stderr } = answer as End;
  if (stopped === 'disk-full')
    throw new TuttiError(
      'DISK_FULL',
      `${quoted(command)} on ${shown(place)} was stopped, as the disk there is full`,
    );
  if (stopped === 'given-up' || stopped === 'orphaned')
    throw new TuttiError(
      'NODE_LOST',
      `${quoted(command)} on ${shown(place)} was stopped, as its machine was lost`,
    );
  const logs = `${place.member}/cmd-${number}`;
  const [out, err] = [outputOf(stdout, `${logs}/stdout.log`), outputOf(stderr, `${logs}/stderr.log`)];
  const byItself = stopped === undefined && exit.how === 'exited';
  const result: CommandResult = {
    command,
    member: place.member,
    machine: place.machine,
    number,
    ok: byItself && exit.code === 0,
    exit: exit.how === 'exited' ? exit.code : undefined,
    signal: exit.how === 'signalled' ? exit.signal : exit.how === 'killed' ? 'SIGKILL' : undefined,
    stdout: out.text,
    stderr: err.text,
    bytes: { stdout: out.bytes, stderr: err.bytes },
    truncated: { stdout: out.truncated, stderr: err.truncated },
    duration,
  };
  const how = stopped === undefined ? howItEnded(exit) : howItWasStopped(stopped, duration);
  return { result, how, timedOut: stopped === 'timeout', stopped: stopped !== undefined };
}

function outputOf({ size, tail }: Output, log: string) {
  const bytes = Buffer.from(tail, 'base64');
  const truncated = bytes.length < size ? { size, kept: bytes.length, log } : undefined;
  // Where the beginning is missing a character may be cut in two.
  let from = 0;
  while (truncated && from < 3 && ((bytes[from] ?? 0) & 0xc0) === 0x80) from += 1;
  return { bytes, truncated, text: bytes.toString('utf8', from) };
}

function howItEnded(exit: Exit): string {
  switch (exit.how) {
    case 'exited':
      return `exited with status ${exit.code}`;
    case 'signalled':
      return `was ended by ${exit.signal}`;
    case 'killed':
      return 'was killed (kill -9 or out of memory)';
    case 'rebooted':
      return 'ended with its machine, which was rebooted';
    default:
      return `did not start: ${exit.message}`;
  }
}

function howItWasStopped(reason: string, duration: number): string {
  if (reason === 'timeout') return `was still running after ${inWords(duration)}, and was stopped`;
  if (reason === 'output-limit') return 'was stopped, as it wrote more output than is kept';
  if (reason === 'test-over') return 'was stopped, as the test is over';
  return 'was stopped';
}

/** "psql -c 'select 1'", short enough for a message. */
export function quoted(command: Command): string {
  const text = (typeof command === 'string' ? command : command.join(' ')).trim();
  const [line = ''] = text.split('\n', 1);
  const short = line.length > 80 ? `${line.slice(0, 79)}…` : line;
  return `"${short}${line.length < text.length && !short.endsWith('…') ? ' …' : ''}"`;
}

const LAST_LINES = 10;

/** What it said last, on stderr, else on stdout. */
export function lastLines({ stderr, stdout }: CommandResult): { of: 'stderr' | 'stdout'; lines: string[] } {
  const lines = (text: string): string[] => text.trimEnd().split('\n').slice(-LAST_LINES);
  return stderr.trim() !== '' || stdout.trim() === ''
    ? { of: 'stderr', lines: stderr.trim() === '' ? [] : lines(stderr) }
    : { of: 'stdout', lines: lines(stdout) };
}

export function failureOf({ result, how, timedOut }: Ended): CommandFailed {
  const last = lastLines(result).lines.at(-1)?.trim() ?? '';
  const said = last === '' ? '' : ` (last line: ${JSON.stringify(last.slice(0, 200))})`;
  const where = shown({ member: result.member, machine: result.machine });
  return new CommandFailed(`${quoted(result.command)} on ${where} ${how}${said}`, result, timedOut);
}
