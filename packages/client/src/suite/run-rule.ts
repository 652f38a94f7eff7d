/**
 * What the text of `run:` or `--role NAME=…` means: one word beginning with `./` or `/` is a file (of the
 * suite, of the node); everything else is an inline script.
 */
import { posix } from 'node:path';
import { type Script, staysBelow } from '@tutti/protocol';

export type RunMeaning =
  | { is: 'script'; script: Script }
  /** A path that leads out of the suite. */
  | { is: 'escape'; path: string };

/** `folder` is where below the suite's folder the text was written, '' for itself. */
export function meaningOf(run: string, folder = ''): RunMeaning {
  const word = oneWord(run);
  if (word?.startsWith('/')) return { is: 'script', script: { kind: 'onNode', path: word } };
  if (word && /^\.\.?\//.test(word)) {
    const path = posix.join(folder, word).replace(/\/$/, '');
    // `./` itself is the suite's folder: nothing to run, but not an escape.
    if (path === '.') return { is: 'script', script: { kind: 'inline', text: run } };
    return staysBelow(path)
      ? { is: 'script', script: { kind: 'staged', path } }
      : { is: 'escape', path: word };
  }
  return { is: 'script', script: { kind: 'inline', text: run } };
}

/** The text if it is a single word, as a block scalar's with its final newline is too. */
export function oneWord(run: string): string | undefined {
  const word = run.trim();
  return word !== '' && !/\s/.test(word) ? word : undefined;
}
