/** The `tutti` command. Each sub-command's code is loaded when it is called. */

import { EXIT } from '@tutti/protocol';
import { Command, CommanderError } from 'commander';
import { addAgent } from './commands/agent.ts';
import { addMaster } from './commands/master.ts';
import { addNodes } from './commands/nodes.ts';
import { addRun } from './commands/run.ts';
import { addScriptVerbs, SCRIPT_VERBS } from './commands/script-verbs.ts';
import { showError } from './show-error.ts';
import { SOFTWARE } from './software.ts';

const program = new Command('tutti')
  .description('Runs tests that need more than one machine.')
  .version(SOFTWARE, '-V, --version')
  .showSuggestionAfterError()
  .showHelpAfterError('The command says more with --help. (USAGE)')
  .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'tutti: ')) })
  .addHelpText('after', `\nInside a test script, "tutti" has other verbs: ${SCRIPT_VERBS.join(', ')}.`);

for (const add of [addRun, addNodes, addMaster, addAgent, addScriptVerbs]) add(program);
// After the sub-commands exist: each copies the setting when it is made, but throws through its parent.
for (const command of [program, ...program.commands]) command.exitOverride();

// A reader that has seen enough (`tutti nodes | head -1`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

try {
  await program.parseAsync(process.argv);
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : EXIT.usage;
  else process.exitCode = showError(error, process.stderr);
}
