/** Names by glob: `*` is any text, `?` one character, everything else is itself. */
export function globPattern(glob: string): RegExp {
  // Brackets stay literal: test names contain them, `throughput[streams=4]`.
  const source = glob.split(/(\*+|\?)/).map((part) => {
    if (part.startsWith('*')) return '.*';
    return part === '?' ? '.' : RegExp.escape(part);
  });
  return new RegExp(`^${source.join('')}$`, 'su');
}
