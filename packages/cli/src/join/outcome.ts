/** What the end of a command means for the exit status of `tutti join`, and in words where there is something to say. Pure. */
import { constants } from 'node:os';
import { EXIT, type MemberEnd } from '@tutti/protocol';

/** As a shell would have it. */
export function statusOf({ exit }: Pick<MemberEnd, 'exit'>): number {
  switch (exit.how) {
    case 'exited':
      return exit.code;
    case 'signalled':
      return 128 + (constants.signals[exit.signal as NodeJS.Signals] ?? 0);
    case 'killed':
      return 128 + constants.signals.SIGKILL;
    default:
      return EXIT.error;
  }
}

/** Of several commands: the highest, so that 0 is where all were 0. */
export function worstStatus(ends: readonly Pick<MemberEnd, 'exit'>[]): number {
  return Math.max(0, ...ends.map(statusOf));
}

/** What somebody other than the command itself has done to it, as completes "client.0 …"; undefined where nobody has. */
export function interference({ exit, stopped }: MemberEnd): string | undefined {
  if (exit.how === 'not-started') return `could not be started: ${exit.message}`;
  return stopped === undefined ? undefined : STOPPED[stopped];
}

const STOPPED: Record<NonNullable<MemberEnd['stopped']>, string> = {
  'test-over': 'was stopped: the test was over',
  timeout: 'was stopped: the time of the test was up',
  cancelled: 'was stopped: it was cancelled',
  'output-limit': 'was stopped: it wrote more output than is kept',
  'disk-full': 'was stopped: the disk for temporary files is full',
  orphaned: 'was stopped: the master was away for too long',
  'given-up': 'was stopped: the master had given it up',
};
