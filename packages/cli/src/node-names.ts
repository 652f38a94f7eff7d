/** Machines as they are named on a command line: `n1`, `web[1-8]`, `web[01-16,20].lab`. Pure. */
import { NodeName, TuttiError } from '@tutti/protocol';

const MOST = 10_000;

/** Each once, in the order given. Throws `USAGE`. */
export function nodeNames(words: readonly string[]): string[] {
  const names = new Set<string>();
  for (const word of words) {
    for (const name of expanded(word, word)) {
      if (!NodeName.safeParse(name).success) {
        throw new TuttiError(
          'USAGE',
          `"${name}" is no name of a machine, nor a set of them such as web[1-8]`,
        );
      }
      names.add(name);
      if (names.size > MOST) throw new TuttiError('USAGE', `"${word}" names more than ${MOST} machines`);
    }
  }
  return [...names];
}

function* expanded(word: string, whole: string): Generator<string> {
  const [all, before = '', inside = '', after = ''] = /^([^[]*)\[([^\]]*)\](.*)$/.exec(word) ?? [];
  if (all === undefined) {
    yield word;
    return;
  }
  for (const rest of expanded(after, whole)) {
    for (const number of numbers(inside, whole)) yield `${before}${number}${rest}`;
  }
}

/** `01-03,7`: with the zeros of the first. */
function* numbers(inside: string, whole: string): Generator<string> {
  for (const range of inside.split(',')) {
    const [all, from = '', to = from] = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(range) ?? [];
    if (all === undefined || Number(to) < Number(from)) {
      throw new TuttiError('USAGE', `"${whole}": write a set as web[1-8] or web[01-16,20], not [${inside}]`);
    }
    for (let n = Number(from); n <= Number(to); n += 1) yield String(n).padStart(from.length, '0');
  }
}
