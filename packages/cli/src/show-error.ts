/** Errors for people: what happened, to which thing, what to do now; and the exit status it means. */
import { type ErrorCode, EXIT, TuttiError } from '@tutti/protocol';

const USAGE: ReadonlySet<ErrorCode> = new Set([
  'USAGE',
  'NO_SUCH_RUN',
  'NO_SUCH_NODE',
  'NO_POWER',
  'MACHINES_INVALID',
  'NO_SUCH_TEST',
  'RUN_FINISHED',
  'SESSION_REFUSED',
  'SESSION_IN_USE',
  'NO_MASTER',
  'SUITE_INVALID',
  'UNUSED_ROLE',
  'SCRIPT_MISSING',
  'SCRIPT_SYNTAX',
  'SCRIPT_NOT_RUNNABLE',
  'PATH_ESCAPES',
  'SUITE_TOO_BIG',
  'BAD_ADDRESS',
]);

/** Prints it and returns the exit status. */
export function showError(thrown: unknown, out: { write(text: string): unknown }): number {
  if (!(thrown instanceof TuttiError)) {
    out.write(
      `tutti: a defect in Tutti: ${thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)}\n`,
    );
    return EXIT.error;
  }
  out.write(`tutti: ${thrown.message}\n`);
  // Where a defect was wrapped, that is where it is; what a process or a peer has said has no stack of ours.
  if (thrown.code === 'INTERNAL' && thrown.cause instanceof Error) out.write(`${thrown.cause.stack}\n`);
  out.write(`${thrown.action} (${thrown.code})\n`);
  return exitStatus(thrown.code);
}

function exitStatus(code: ErrorCode): number {
  if (USAGE.has(code)) return EXIT.usage;
  if (code === 'CANCELLED') return EXIT.interrupted;
  if (code === 'NOT_ENOUGH_NODES' || code === 'NOTHING_TO_RERUN') return EXIT.nothingRan;
  return EXIT.error;
}
