/** The words of `tutti cp`: a path here, or `MACHINE:PATH`. Pure. */
import { TuttiError } from '@tutti/protocol';

export type PlacePath =
  | { readonly here: string }
  /** `on`: a machine, a set of them, or a member of a test. Its path is empty for the directory in which relative ones start. */
  | { readonly on: string; readonly path: string };

/** What is before a colon is a machine, unless it begins as a path does. Throws `USAGE`. */
export function placePath(word: string): PlacePath {
  const [all, on = '', path = ''] = /^([^:/.][^:]*):(.*)$/s.exec(word) ?? [];
  if (all === undefined) {
    if (word === '' || word.startsWith(':'))
      throw new TuttiError('USAGE', `"${word}" is neither a path nor MACHINE:PATH, such as n1:/etc/hosts`);
    return { here: word };
  }
  return { on, path };
}

/** A path that ends like this means what is in it. */
export function isFolderPath(path: string): boolean {
  return path === '' || path === '.' || path.endsWith('/') || path.endsWith('/.');
}
