import type { Command } from 'commander';
import { addMasterOptions, type MasterFlags } from '../connect.ts';

export interface JoinFlags extends MasterFlags {
  as: string;
  expect?: string;
  timeout: string;
  testTimeout?: string;
  grace?: string;
  address?: string;
}

const MORE = `
All pieces begin when the last one that is expected has joined. The command runs here, with this directory and
environment; inside it "tutti" has the verbs of a test script. One piece at least says with --expect who belongs to
the session; all together are one run of the master.

Examples:
  tutti join nightly-42 --as server --expect server=1,client=2 -- ./server.sh
  tutti join nightly-42 --as client:2 -- ./client.sh --window 64k

Exit status: the command's own (128 and its number after a signal; of several the highest), 64 usage, 124 the others did
not come in time, 130 interrupted; 2 when it could not run.
`;

export function addJoin(program: Command): void {
  const command = program
    .command('join')
    .argument('<session>', 'the name under which the pieces meet')
    .argument('<cmd...>', 'what to run when all are there, after --')
    .description('run a command as one piece of a test whose other pieces are started elsewhere')
    .requiredOption('--as <role[:count]>', 'what it is in the test; with a count it runs so many times')
    .option('--expect <role=n,...>', 'who belongs to the session; one of those who join has to say so')
    .option('--timeout <time>', 'how long to wait for the others', '10m')
    .option('--test-timeout <time>', 'how long the pieces may take together (default: 10m)')
    .option('--grace <time>', 'how long a piece may be away before it counts as lost (default: 30s)')
    .option(
      '--address <address>',
      'at which the others reach this machine (default: the one the master sees)',
    );
  addMasterOptions(command)
    .addHelpText('after', MORE)
    .action(async (session: string, argv: string[], flags: JoinFlags) => {
      const { join } = await import('../join/join.ts');
      process.exitCode = await join(session, argv, flags);
    });
}
