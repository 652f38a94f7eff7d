/** One call of the shell command, from its words to what it prints and its exit status. Touches no process. */
import { TuttiError } from '../errors.ts';
import { parse } from './parse.ts';
import { type Outcome, usageError } from './verb.ts';
import { helpFor, helpForAll, verbNamed } from './verbs.ts';

const STATUS_BY_CODE: Record<string, number> = { USAGE: 64, BAD_PARAMS: 64, TIMED_OUT: 124 };

export async function runCommand(args: string[]): Promise<Outcome> {
  try {
    return await dispatch(args);
  } catch (error) {
    const code = error instanceof TuttiError ? error.code : 'INTERNAL';
    const message = error instanceof Error ? error.message : String(error);
    return { status: STATUS_BY_CODE[code] ?? 1, stderr: `tutti: ${code}: ${message}` };
  }
}

async function dispatch([name, ...rest]: string[]): Promise<Outcome> {
  if (name === undefined) throw usageError(`what? tutti VERB …\n${helpForAll()}`);
  if (name === 'help' || name === '--help' || name === '-h') {
    return { stdout: rest[0] === undefined ? helpForAll() : helpFor(verbNamed(rest[0])) };
  }
  const verb = verbNamed(name);
  const given = parse(name, verb, rest);
  return given.help ? { stdout: helpFor(verb) } : verb.run(given);
}
