import type { Command } from 'commander';
import type { RunFlags } from '../run/flags.ts';
import { addRunOptions, SUITE_ARGUMENT } from './suite-options.ts';

const EXAMPLES = `
Examples:
  tutti run --local --role server=./server.sh --role client:2=./client.sh
  tutti run --local suite.yaml --param seconds=30 --only 'throughput*'
  tutti run suite.yaml --tag '!slow' --fail-fast
  tutti run suite.yaml --only failover --repeat 100 --until-fail
  tutti run suite.yaml --master ws://lab:8282 --token-file token

Exit status: 0 all ok, 1 failed, 2 the lab is broken, 3 nothing ran, 4 all skipped, 64 usage, 124 timed out, 130 interrupted.
`;

export function addRun(program: Command): void {
  const command = program
    .command('run')
    .argument('[suite]', `${SUITE_ARGUMENT}; without one, say what to run with --role`)
    .description('run tests on several machines at once, and wait for the verdict');
  addRunOptions(command)
    .option(
      '--local',
      'on this machine alone: a private master and as many agents as needed, nothing left behind',
    )
    .option(
      '--net <kind>',
      'with --local: auto, namespaces (each agent a host of its own; root) or host',
      'auto',
    )
    .option('--master <url>', 'the master (default: $TUTTI_MASTER, else one on this machine)')
    .option(
      '--token-file <file>',
      "file that holds the master's token (default: $TUTTI_TOKEN, $TUTTI_TOKEN_FILE)",
    )
    .option(
      '--wait-for-nodes',
      'wait for machines that the master does not know yet, instead of being refused',
    )
    .option('--report <dir>', 'where results go (default: ./tutti-results)')
    .option('--no-logs', 'fetch only the reports from a remote master')
    .addHelpText('after', EXAMPLES)
    .action(async (suite: string | undefined, flags: RunFlags) => {
      const { run } = await import('../run/run.ts');
      process.exitCode = await run(suite, flags);
    });
}
