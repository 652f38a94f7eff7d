/** What was thrown at the prompt, as people want to see it: what happened, not where in Tutti. */
import { inspect, types } from 'node:util';
import { CommandError, GroupError } from '@tutti/client/objects';
import { EXIT, TuttiError } from '@tutti/protocol';
import type { Palette } from '../progress/palette.ts';
import { showError } from '../show-error.ts';
import { textOf } from './shown.ts';

/** Resolves with the exit status that it means. */
export async function complain(
  error: unknown,
  out: { write(text: string): unknown },
  palette: Palette,
): Promise<number> {
  if (error instanceof CommandError || error instanceof GroupError) {
    const text = await textOf(error.result, palette);
    out.write(`${text === undefined ? '' : `${text}\n`}tutti: ${error.message}\n`);
    return EXIT.fail;
  }
  if (error instanceof TuttiError && error.code === 'CANCELLED') {
    out.write(`tutti: ${error.message}\n`);
    return EXIT.interrupted;
  }
  if (error instanceof TuttiError) return showError(error, out);
  if ((error as { code?: unknown } | undefined)?.code === 'ERR_SCRIPT_EXECUTION_INTERRUPTED') {
    out.write('tutti: interrupted\n');
    return EXIT.interrupted;
  }
  out.write(`${uncaught(error)}\n`);
  return EXIT.fail;
}

/** With those steps of its stack that were typed. */
function uncaught(error: unknown): string {
  if (!types.isNativeError(error)) return `thrown: ${inspect(error)}`;
  const lines = (error.stack ?? String(error)).split('\n');
  const head = lines.filter((line) => !/^\s+at /.test(line) && !/^(?:REPL|tutti repl)\d*:\d+$/.test(line));
  const typed =
    error.name === 'SyntaxError' ? [] : lines.filter((line) => /^\s+at .*\bREPL\d+:\d/.test(line));
  return [...head, ...typed].filter((line) => line !== '').join('\n');
}
