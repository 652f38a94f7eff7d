/** The `tutti` command. Each sub-command's code is loaded when it is called. */

import { EXIT, TuttiError } from '@tutti/protocol';
import { Command, CommanderError } from 'commander';
import { addAgent } from './commands/agent.ts';
import { addCancel } from './commands/cancel.ts';
import { addCheck } from './commands/check.ts';
import { addCp } from './commands/cp.ts';
import { addExec } from './commands/exec.ts';
import { addExplain } from './commands/explain.ts';
import { addHistory } from './commands/history.ts';
import { addJoin } from './commands/join.ts';
import { addJoinAgent } from './commands/join-agent.ts';
import { addLabel } from './commands/label.ts';
import { addList } from './commands/list.ts';
import { addLogs } from './commands/logs.ts';
import { addMaster } from './commands/master.ts';
import { addNodes } from './commands/nodes.ts';
import { addPower } from './commands/power.ts';
import { addPs } from './commands/ps.ts';
import { addRepl } from './commands/repl.ts';
import { addReport } from './commands/report.ts';
import { addRerun } from './commands/rerun.ts';
import { addResume } from './commands/resume.ts';
import { addRun } from './commands/run.ts';
import { addRuns } from './commands/runs.ts';
import { addScriptVerbs, SCRIPT_VERBS } from './commands/script-verbs.ts';
import { addDrain, addMaintenance, addQuarantine } from './commands/service.ts';
import { addShell } from './commands/shell.ts';
import { addSubmit } from './commands/submit.ts';
import { addWait } from './commands/wait.ts';
import { showError } from './show-error.ts';
import { SOFTWARE } from './software.ts';

const program = new Command('tutti')
  .description('Runs tests that need more than one machine.')
  .version(SOFTWARE, '-V, --version')
  .showSuggestionAfterError()
  .showHelpAfterError('The command says more with --help. (USAGE)')
  .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'tutti: ')) })
  .addHelpText('after', `\nInside a test script, "tutti" has other verbs: ${SCRIPT_VERBS.join(', ')}.`);

for (const add of [
  ...[addRun, addCheck, addList, addJoin],
  ...[addSubmit, addRuns, addPs, addExplain, addWait, addLogs, addReport, addHistory, addCancel, addRerun],
  addResume,
  addRepl,
  ...[addExec, addCp, addShell],
  ...[addNodes, addDrain, addMaintenance, addQuarantine, addLabel, addPower],
  ...[addMaster, addAgent, addJoinAgent, addScriptVerbs],
])
  add(program);
// After the sub-commands exist: each copies the setting when it is made, but throws through its parent.
for (const command of [program, ...program.commands]) command.exitOverride();

for (const [out, name] of [
  [process.stdout, 'output'],
  [process.stderr, 'error output'],
] as const) {
  out.on('error', (cause: NodeJS.ErrnoException) => {
    // A reader that has seen enough (`tutti nodes | head -1`) is no failure.
    if (cause.code === 'EPIPE') return;
    fail(new TuttiError('DISK_FULL', `the ${name} cannot be written: ${cause.message}`, { cause }));
  });
}
// Node's own exit status would say that a test has failed.
process.on('uncaughtException', fail);

function fail(error: unknown): never {
  process.exit(showError(error, process.stderr));
}

try {
  await program.parseAsync(process.argv);
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : EXIT.usage;
  else process.exitCode = showError(error, process.stderr);
}
