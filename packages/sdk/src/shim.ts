/**
 * The `tutti` command that a script finds in its PATH. Its cost is the start of Node: it loads `node:net` and little
 * else.
 *
 * No signal is handled, but by `lock NAME -- COMMAND` while its command runs: SIGTERM or SIGINT ends the process there and then, its connection closes, and so its wait is
 * withdrawn.
 */
import { runCommand } from './shell/command.ts';

const { stdout, stderr, status = 0 } = await runCommand(process.argv.slice(2));
if (stderr !== undefined) process.stderr.write(`${stderr}\n`);
if (stdout === undefined) process.exit(status);
process.stdout.on('error', () => process.exit(status)); // whoever read it has gone, as in `tutti keys | head -1`
// The exit waits for the output, and for nothing else: not for a name server that does not answer.
process.stdout.write(`${stdout}\n`, () => process.exit(status));
