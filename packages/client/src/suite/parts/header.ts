/**
 * The comment at the top of a script that says what it needs as a test: `# tutti: {roles: {…}, timeout: 1m}`.
 *
 * The header is given as the script's own lines with everything else blanked out, so that whatever is wrong in it has the
 * line and column that it has in the script. It begins in one of the first 20 lines and may go on, while a bracket is
 * open, in further lines of the same comment. Without a header what is left is blank.
 */

/** As far down as it may begin. */
const LINES = 20;
/** `#` of shell and Python, `//` of C and TypeScript, `--` of SQL and Lua, `%` and `;` of others. */
const MARK = /^\s*(#+|\/\/+|--+|%+|;+)\s*tutti:/;

export interface Header {
  readonly text: string;
  readonly shown: string;
}

/** `head` is the script's beginning. */
export function headerOf(head: string): Header {
  const lines = head.split('\n');
  const shown = lines.slice(0, LINES);
  const masked = shown.map(blank);
  const first = shown.findIndex((line) => MARK.test(line));
  const [mark = '', comment = ''] = MARK.exec(shown[first] ?? '') ?? [];
  if (comment !== '') {
    let open = 0;
    for (let at = first; at < lines.length; at += 1) {
      const line = lines[at] ?? '';
      const begins = at === first ? mark.length : continuation(line, comment);
      if (begins === undefined) break;
      shown[at] = line;
      masked[at] = blank(line.slice(0, begins)) + line.slice(begins);
      open += brackets(line.slice(begins));
      if (open <= 0) break;
    }
  }
  return { text: masked.join('\n'), shown: shown.join('\n') };
}

/** Where a further line of the comment has its text. */
function continuation(line: string, comment: string): number | undefined {
  const begins = line.length - line.trimStart().length;
  return line.startsWith(comment, begins) ? begins + comment.length : undefined;
}

/** How many more are opened than closed, outside of quotes and remarks. */
function brackets(text: string): number {
  const bare = text.replaceAll(/"(?:\\.|[^"\\])*"|'[^']*'|(?:^|\s)#.*/g, '');
  return bare.replaceAll(/[^[{]/g, '').length - bare.replaceAll(/[^\]}]/g, '').length;
}

function blank(text: string): string {
  return ' '.repeat(text.length);
}
