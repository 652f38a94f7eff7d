/** Everything that can go wrong with a lab, in the words that a person reads. */
import { TuttiError } from '@tutti/protocol';

export function namespacesImpossible(why: string): TuttiError {
  return new TuttiError('USAGE', `network namespaces cannot be made: ${why}; use --net host, or --net auto`);
}

export function badNumberOfAgents(agents: number): TuttiError {
  return new TuttiError('USAGE', `a lab has one agent or more, not ${agents}`);
}

export function pathTooLong(dir: string): TuttiError {
  return new TuttiError(
    'BAD_ADDRESS',
    `${dir} is too long for a directory with sockets in it (a socket's path has at most 107 bytes); set TMPDIR to a shorter one`,
  );
}

/** `what` is "agent n1" or alike, `how` "exited with status 1". */
export function processDied(
  what: string,
  how: string,
  wasReady: boolean,
  lastWords: string,
  whose = 'the local lab',
): TuttiError {
  const when = wasReady ? '' : ' before it was ready';
  return new TuttiError('LAB_FAILED', `${what} of ${whose} ${how}${when}${quote(lastWords)}`);
}

export function networkFailed(complaint: string): TuttiError {
  return new TuttiError('LAB_FAILED', `the local lab's network could not be made${quote(complaint)}`);
}

export function notReady(late: readonly { what: string; lastWords: string }[], seconds: number): TuttiError {
  const [first] = late;
  const names = late.map(({ what }) => what).join(', ');
  return new TuttiError(
    'TIMED_OUT',
    `the local lab was not ready within ${seconds} s; waiting for ${names || 'its network'}${quote(first?.lastWords ?? '')}`,
  );
}

export function startCancelled(cause: unknown): TuttiError {
  return new TuttiError('CANCELLED', 'starting the local lab was cancelled', { cause });
}

function quote(words: string): string {
  if (words === '') return ', and said nothing on stderr';
  return `; its last words:\n${words.replaceAll(/^/gm, '  ')}`;
}
