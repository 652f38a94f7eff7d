/** The shell command's verbs, and what it says of them. */
import { barrierVerb } from './barrier.ts';
import { closest } from './closest.ts';
import { getVerb, incrVerb, keysVerb, setVerb } from './keys.ts';
import { lockVerb, unlockVerb } from './locks.ts';
import { extendVerb, rebootVerb } from './reboot.ts';
import { addrVerb, markVerb, resultVerb } from './report.ts';
import { recvVerb, sendVerb, takeVerb } from './topics.ts';
import { type ShellVerb, usageError } from './verb.ts';
import { waitForVerb } from './wait-for.ts';

export const VERBS: Record<string, ShellVerb> = {
  barrier: barrierVerb,
  set: setVerb,
  get: getVerb,
  incr: incrVerb,
  keys: keysVerb,
  send: sendVerb,
  recv: recvVerb,
  take: takeVerb,
  lock: lockVerb,
  unlock: unlockVerb,
  reboot: rebootVerb,
  extend: extendVerb,
  result: resultVerb,
  mark: markVerb,
  'wait-for': waitForVerb,
  addr: addrVerb,
};

/** Words that are kept for what they will mean. */
export const LATER = ['measure'];

/** @throws TuttiError USAGE, with the verb that was probably meant */
export function verbNamed(name: string): ShellVerb {
  if (Object.hasOwn(VERBS, name)) return VERBS[name] as ShellVerb;
  if (LATER.includes(name)) throw usageError(`"${name}" is not available in this version`);
  const meant = closest(name, Object.keys(VERBS));
  const hint = meant === undefined ? 'tutti help lists what a script can say' : `did you mean ${meant}?`;
  throw usageError(`no verb "${name}" inside a test: ${hint}`);
}

export function helpForAll(): string {
  const lines = Object.values(VERBS).map(({ usage }) => `  tutti ${usage}`);
  return [
    'What a script can say to the other members of its test:',
    '',
    ...lines,
    '',
    'tutti help VERB says more. Exit status: 0 done, 1 broken or failed, 124 timed out, 64 not understood.',
  ].join('\n');
}

export function helpFor({ usage, about, options }: ShellVerb): string {
  const left = Object.entries(options).map(
    ([name, { value }]) => `--${name}${value === undefined ? '' : ` ${value}`}`,
  );
  const width = Math.max(0, ...left.map((text) => text.length));
  const lines = Object.values(options).map(
    (option, index) => `  ${(left[index] ?? '').padEnd(width)}  ${option.about}`,
  );
  return [`tutti ${usage}`, '', about, ...(lines.length > 0 ? ['', ...lines] : [])].join('\n');
}
