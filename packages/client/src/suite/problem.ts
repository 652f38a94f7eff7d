/**
 * One mistake in the files of a suite, and the error that shows all of them: file, line and column, a sentence,
 * the line with a caret below what is wrong, and advice.
 */
import { type ErrorCode, TuttiError } from '@tutti/protocol';

export interface Problem {
  readonly code: ErrorCode;
  readonly file: string;
  /** Both from 1. */
  readonly line: number;
  readonly column: number;
  readonly message: string;
  /** The line of the file and the carets below it. */
  readonly quote: string;
  readonly hint?: string | undefined;
}

const SHOWN = 20;

/** The error's code is what its problems have in common, else `SUITE_INVALID`. */
export function problemsError(problems: readonly Problem[]): TuttiError {
  const all = distinct(problems);
  const shown = all.slice(0, SHOWN);
  const hidden = all.length - shown.length;
  const [code, ...otherCodes] = new Set(problems.map((problem) => problem.code));
  const blocks = shown.map(render);
  if (hidden > 0) blocks.push(`and ${hidden} more`);
  return new TuttiError(code && otherCodes.length === 0 ? code : 'SUITE_INVALID', blocks.join('\n\n'), {
    details: {
      problems: shown.map(({ file, line, column, message, code: own }) => ({
        file,
        line,
        column,
        message,
        code: own,
      })),
    },
  });
}

/** The text of one problem as people see it; warnings use it too. */
export function render(problem: Problem): string {
  const head = `${problem.file}:${problem.line}:${problem.column}: ${problem.message}`;
  return [head, problem.quote, ...(problem.hint ? [problem.hint] : [])].join('\n');
}

/** A default role with a mistake shows it in every test that uses it; once is enough. File by file, line by line. */
function distinct(problems: readonly Problem[]): Problem[] {
  const byText = new Map(
    problems.map((problem) => [
      `${problem.file}:${problem.line}:${problem.column}:${problem.message}`,
      problem,
    ]),
  );
  const files = [...new Set(problems.map(({ file }) => file))];
  return [...byText.values()].toSorted(
    (a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line || a.column - b.column,
  );
}
