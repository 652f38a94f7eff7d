/** `tutti lock`, `unlock` */
import { inSeconds } from '../duration.ts';
import { lock, unlock } from '../locks.ts';
import type { Scope } from '../scope.ts';
import { scopeOf, wholeNumber } from './parse.ts';
import { type Outcome, SCOPE, type ShellVerb, usageError } from './verb.ts';

export const lockVerb: ShellVerb = {
  usage: 'lock NAME [--slots N] [--timeout D] [--scope run] [-- COMMAND ARG…]',
  about:
    'Waits until the lock is ours; first come, first served. It is ours until tutti unlock, or until this member ends.\n' +
    'With a COMMAND: runs it, unlocks when it has ended, and exits as it did.',
  options: {
    slots: { type: 'string', value: 'N', about: 'so many members can hold it at a time (default: 1)' },
    timeout: {
      type: 'string',
      value: 'D',
      about: 'wait at most so long: 30s, 2m (default: as long as the test)',
    },
    ...SCOPE,
  },
  words: [1, Number.POSITIVE_INFINITY],
  async run(given) {
    const [name, ...command] = given.words as [string, ...string[]];
    const [slots, timeout] = [given.text('slots'), given.text('timeout')];
    const scope = scopeOf(given);
    await lock(name, {
      scope,
      slots: slots === undefined ? undefined : slotsOf(slots),
      timeout: timeout === undefined ? undefined : inSeconds(timeout),
    });
    return command.length === 0 ? {} : locked(name, scope, command);
  },
};

export const unlockVerb: ShellVerb = {
  usage: 'unlock NAME [--scope run]',
  about: 'Gives up a lock that this member holds: the next who waits gets it.',
  options: SCOPE,
  words: [1, 1],
  async run(given) {
    await unlock(given.words[0] as string, { scope: scopeOf(given) });
    return {};
  },
};

/** The command's end, whatever it is, gives the lock up, and is what we report. */
async function locked(name: string, scope: Scope | undefined, command: string[]): Promise<Outcome> {
  // Only here: loading it takes longer than all else that a call does.
  const { runInForeground } = await import('./foreground.ts');
  const outcome = await runInForeground(command);
  try {
    await unlock(name, { scope });
    return outcome;
  } catch (error) {
    const problem = `tutti: ${(error as Error).message}`;
    return { ...outcome, stderr: outcome.stderr === undefined ? problem : `${outcome.stderr}\n${problem}` };
  }
}

function slotsOf(text: string): number {
  const slots = wholeNumber(text, '--slots');
  if (slots < 1) throw usageError('lock: --slots: at least one member must be able to hold it');
  return slots;
}
