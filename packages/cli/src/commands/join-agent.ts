import type { Command } from 'commander';

export interface JoinAgentFlags {
  state: string;
  master: string;
  tokenFile: string;
  name: string;
  session: string;
  address?: string;
  stdin?: boolean;
}

/** The agent behind one member of `tutti join`, which alone starts it. */
export function addJoinAgent(program: Command): void {
  program
    .command('join-agent', { hidden: true })
    .argument('<command...>')
    .requiredOption('--state <dir>')
    .requiredOption('--master <url>')
    .requiredOption('--token-file <file>')
    .requiredOption('--name <name>')
    .requiredOption('--session <session>')
    .option('--address <address>')
    .option('--stdin')
    .action(async (argv: string[], flags: JoinAgentFlags) => {
      const { joinAgent } = await import('../join/join-agent.ts');
      process.exitCode = await joinAgent(argv, flags);
    });
}
