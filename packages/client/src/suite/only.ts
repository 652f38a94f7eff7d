/** `--only GLOB`: tests by name, where `*` is any text and `?` one character; everything else is itself. */
import { TuttiError } from '@tutti/protocol';

export function selected<T extends { readonly name: string }>(
  tests: readonly T[],
  globs: readonly string[],
): T[] {
  if (globs.length === 0) return [...tests];
  const patterns = globs.map(pattern);
  const chosen = tests.filter((test) => patterns.some((matches) => matches.test(test.name)));
  if (chosen.length > 0) return chosen;
  const asked = globs.map((glob) => `"${glob}"`).join(', ');
  const names = tests.map((test) => test.name).join(', ');
  throw new TuttiError('USAGE', `--only ${asked} matches no test; the suite has: ${names}`);
}

function pattern(glob: string): RegExp {
  // Brackets stay literal: test names contain them, `throughput[streams=4]`.
  const source = glob.split(/(\*+|\?)/).map((part) => {
    if (part.startsWith('*')) return '.*';
    return part === '?' ? '.' : RegExp.escape(part);
  });
  return new RegExp(`^${source.join('')}$`, 'su');
}
