import type { Command } from 'commander';
import { addMasterOptions } from '../connect.ts';
import type { CpFlags } from '../on-node/cp.ts';

const MORE = `
A path on a machine is MACHINE:PATH; one that begins with no slash starts in the home directory of the agent's user there, or
in the directory of the member. A file is replaced at once or not at all, and keeps its mode. A file goes into a directory
that is there; a directory becomes the path, into one that is there already its files are added. "-" is stdin or stdout.

Examples:
  tutti cp app.conf n1:/etc/app/               into a directory
  tutti cp conf 'web[1-8]:/etc/app'            a directory, to several machines
  tutti cp n1:/var/log/app.log .
  tutti cp 'web[1-8]:/var/log/app.log' logs    logs/web1/app.log, logs/web2/app.log …
  tutti cp 12/failover/db.0:out/trace - | less

Exit status: 0 copied, 2 not copied, 64 usage, 130 interrupted.
`;

export function addCp(program: Command): void {
  const command = program
    .command('cp')
    .argument('<from...>', 'what is copied: a path here, or MACHINE:PATH; then where to')
    .description('copy files and directories to machines and from them')
    .option('-q, --quiet', 'without a line for each that was copied');
  addMasterOptions(command)
    .addHelpText('after', MORE)
    .action(async (words: string[], flags: CpFlags) => {
      const { cp } = await import('../on-node/cp.ts');
      process.exitCode = await cp(words, flags);
    });
}
