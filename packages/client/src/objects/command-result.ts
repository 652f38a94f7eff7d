/** What came of a command on a machine. */
import { type CommandEnd, TuttiError } from '@tutti/protocol';

export class CommandResult {
  /** The machine, or the member and its machine: `n1`, `server.0 of run 42`. */
  readonly on: string;
  /** As it was given. */
  readonly command: string;
  /** Its exit status; undefined when it had none, as after a signal. */
  readonly exit: number | undefined;
  /** The signal that ended it. */
  readonly signal: string | undefined;
  /** It exited with status 0, and nobody stopped it. */
  readonly ok: boolean;
  /** How it ended, for people: `exited with status 1`. */
  readonly how: string;
  /** Why it was stopped from outside. */
  readonly stopped: CommandEnd['stopped'];
  /** Seconds. */
  readonly duration: number;
  /** The end of what it wrote, at most 192 KiB of each, as text. */
  readonly stdout: string;
  readonly stderr: string;
  /** The same, as it was: output is bytes. */
  readonly stdoutBytes: Uint8Array;
  readonly stderrBytes: Uint8Array;
  /** How much it wrote in all, in bytes. */
  readonly stdoutSize: number;
  readonly stderrSize: number;

  /** @internal */
  constructor(on: string, command: string, end: CommandEnd) {
    const { exit, stopped, duration, stdout, stderr } = end;
    this.on = on;
    this.command = command;
    this.exit = exit.how === 'exited' ? exit.code : undefined;
    this.signal = exit.how === 'signalled' ? exit.signal : undefined;
    this.ok = this.exit === 0 && stopped === undefined;
    this.how = inWords(end);
    this.stopped = stopped;
    this.duration = duration;
    this.stdoutBytes = Buffer.from(stdout.tail, 'base64');
    this.stderrBytes = Buffer.from(stderr.tail, 'base64');
    this.stdout = new TextDecoder().decode(this.stdoutBytes);
    this.stderr = new TextDecoder().decode(this.stderrBytes);
    this.stdoutSize = stdout.size;
    this.stderrSize = stderr.size;
  }
}

/** A command did not do what was expected of it. `result` says what it did. */
export class CommandError extends TuttiError {
  readonly result: CommandResult;

  /** @internal */
  constructor(result: CommandResult, message: string) {
    super(result.stopped === 'timeout' ? 'TIMED_OUT' : 'COMMAND_FAILED', message);
    this.name = 'CommandError';
    this.result = result;
  }
}

export function failed(result: CommandResult): CommandError {
  const last = lastLine(result.stderr) ?? lastLine(result.stdout);
  const said = last === undefined ? '' : ` (last line: ${JSON.stringify(last)})`;
  return new CommandError(result, `${shortCommand(result.command)} on ${result.on} ${result.how}${said}`);
}

export function succeeded(result: CommandResult): CommandError {
  return new CommandError(
    result,
    `${shortCommand(result.command)} on ${result.on} ${result.how}, and was expected to fail`,
  );
}

const SHOWN = 80;

/** In quotes, and not longer than a message can bear. */
export function shortCommand(command: string): string {
  const line = command.replaceAll(/\s+/g, ' ').trim();
  return `"${line.length <= SHOWN ? line : `${line.slice(0, SHOWN - 1)}…`}"`;
}

function lastLine(text: string): string | undefined {
  const line = text.trimEnd().split('\n').at(-1)?.trim();
  return line === undefined || line === '' ? undefined : line.slice(0, 200);
}

function inWords({ exit, stopped, duration }: CommandEnd): string {
  if (stopped === 'timeout') return `was stopped after ${Number(duration.toFixed(1))} s, its time limit`;
  if (stopped !== undefined) return `was stopped: ${stopped.replaceAll('-', ' ')}`;
  switch (exit.how) {
    case 'exited':
      return `exited with status ${exit.code}`;
    case 'signalled':
      return `was ended by ${exit.signal}`;
    case 'killed':
      return 'was killed (kill -9 or out of memory)';
    case 'rebooted':
      return 'ended when its machine went down';
    case 'not-started':
    case 'not-rebooted':
      return `could not be started: ${exit.message}`;
  }
}
