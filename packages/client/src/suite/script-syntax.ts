/**
 * Whether Node can read a script: it strips types away and makes no code for what is more than a type, such as an `enum`. What
 * cannot be read is named with its place, before any machine is taken.
 */
import { stripTypeScriptTypes } from 'node:module';

export interface SyntaxTrouble {
  readonly message: string;
  readonly hint?: string;
  /** Both from 1. */
  readonly line: number;
  readonly column: number;
}

const UNSUPPORTED = 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX';

/** Of TypeScript, and of JavaScript, which is TypeScript too. */
export function syntaxTrouble(code: string): SyntaxTrouble | undefined {
  try {
    quietly(() => stripTypeScriptTypes(code));
    return undefined;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const place = placeOf(error.stack ?? '', code);
    const message = error.message.replace(' in strip-only mode', '').replace(' in type strip mode', '');
    if ((error as NodeJS.ErrnoException).code !== UNSUPPORTED)
      return { message: `syntax error: ${message}`, ...place };
    return {
      message,
      hint: 'Node strips types away and runs the rest: use what is plain JavaScript without them',
      ...place,
    };
  }
}

/** Node says that the function is experimental, on stderr, to whoever runs a test. */
function quietly<T>(work: () => T): T {
  const emitWarning = Reflect.get(process, 'emitWarning') as () => void;
  process.emitWarning = () => {};
  try {
    return work();
  } finally {
    process.emitWarning = emitWarning;
  }
}

/** The stack begins with `FILE:LINE`, the lines that are meant, and carets below the last of them where there is one. */
function placeOf(stack: string, code: string): { line: number; column: number } {
  const [head = '', ...snippet] = stack.split('\n');
  const line = Number(/:(\d+)$/.exec(head)?.[1] ?? 1);
  const end = snippet.indexOf('');
  const carets = snippet.slice(0, Math.max(end, 0)).find((text) => /^\s*\^+\s*$/.test(text));
  const text = code.split('\n')[line - 1] ?? '';
  return { line, column: (carets ? carets.indexOf('^') : text.length - text.trimStart().length) + 1 };
}
