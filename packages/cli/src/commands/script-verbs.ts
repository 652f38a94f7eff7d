import { TuttiError } from '@tutti/protocol';
import type { Command } from 'commander';

/** What `tutti` can do inside a test script, where it is another program (package sdk). */
export const SCRIPT_VERBS = [
  'barrier',
  'set',
  'get',
  'incr',
  'keys',
  'send',
  'recv',
  'take',
  'lock',
  'unlock',
  'result',
  'reboot',
  'extend',
  'wait-for',
  'addr',
];

/** Whoever tries them by hand is told where they work. */
export function addScriptVerbs(program: Command): void {
  for (const verb of SCRIPT_VERBS) {
    program
      .command(verb, { hidden: true })
      .helpOption(false)
      .allowUnknownOption()
      .allowExcessArguments()
      .action(() => {
        const example = `tutti run --local --role a='tutti ${verb} …'`;
        throw new TuttiError('USAGE', `"tutti ${verb}" works inside a test script, for example ${example}`);
      });
  }
}
