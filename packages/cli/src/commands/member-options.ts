/** How a command names the machine of a member of a test under way. */
import type { Command } from 'commander';

export function addMemberOptions(command: Command): Command {
  return command
    .option('--run <run>', 'on the machine of a member of this run, its number or "last"')
    .option('--test <test>', 'of this test of it (default: the one under way)')
    .option('--member <member>', 'the member: server.0');
}
