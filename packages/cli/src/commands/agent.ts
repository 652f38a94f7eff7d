import { hostname } from 'node:os';
import { join } from 'node:path';
import { defaultState, locateMaster, locateToken } from '@tutti/client';
import { NodeName, TuttiError } from '@tutti/protocol';
import type { Command } from 'commander';
import { runDaemon } from '../daemon.ts';
import { sdkDir } from '../installation.ts';
import { collect, keyValue } from '../options.ts';
import { SOFTWARE } from '../software.ts';
import { surroundings } from '../surroundings.ts';
import { type MachineFlags, machineSettings } from './machine-settings.ts';

interface Flags extends MachineFlags {
  state?: string;
  master?: string;
  tokenFile?: string;
  name?: string;
  label: string[];
  address?: string;
  logLevel: string;
}

export function addAgent(program: Command): void {
  program
    .command('agent')
    .description('run the agent daemon: connects this machine to a master and runs what it is given')
    .option(
      '--master <url>',
      'ws://HOST:PORT, wss://…, http(s)://… or unix:PATH (default: $TUTTI_MASTER, else a master on this machine)',
    )
    .option(
      '--token-file <file>',
      "file that holds the master's token (default: $TUTTI_TOKEN, $TUTTI_TOKEN_FILE)",
    )
    .option('--name <name>', 'name of this machine, unique in the pool (default: the host name)')
    .option('--label <key=value>', 'label of this machine; may be repeated', collect, [])
    .option(
      '--address <address>',
      'address at which other machines reach this one (default: the one the master sees)',
    )
    .option(
      '--state <dir>',
      'state directory (default: /var/lib/tutti/agent as root, else below $XDG_STATE_HOME)',
    )
    .option(
      '--reboot-command <command>',
      'line of shell that reboots this machine (default: systemctl reboot, else reboot; with --private: none)',
    )
    .option(
      '--boot-id <id>',
      "what tells one boot of this machine from another (default: the kernel's boot id)",
    )
    .option('--orphan <time>', 'stop members when the master was not reached for so long (default: 1h)')
    .option(
      '--keep-for <time>',
      'remove what members left when the master was away for so long (default: 168h)',
    )
    .option('--keep-size <MiB>', 'keep at most so much of that once --orphan is over (default: 10240)')
    .option('--min-free <percent>', 'stop members when less of the disk is free (default: 5)')
    .option('--log-level <level>', 'trace, debug, info, warn, error', 'info')
    .option('--private', 'end everything it started, and delete the state directory, at end-of-file on stdin')
    .action(async (flags: Flags) => {
      process.exitCode = await agent(flags);
    });
}

function nameOf({ name }: Flags): string {
  const parsed = NodeName.safeParse(name ?? hostname());
  if (parsed.success) return parsed.data;
  const subject = name === undefined ? `the host name ${hostname()}` : `--name ${name}`;
  const advice = name === undefined ? '; give another with --name' : '';
  throw new TuttiError('USAGE', `${subject}: ${parsed.error.issues[0]?.message ?? 'not a name'}${advice}`);
}

async function agent(flags: Flags): Promise<number> {
  const name = nameOf(flags);
  const labels = Object.fromEntries(flags.label.map((label) => keyValue(label, '--label')));
  const master = locateMaster(flags.master, surroundings());
  const token = () => locateToken(flags.tokenFile, surroundings());
  if (token() === undefined) throw new TuttiError('WRONG_TOKEN', 'there is no token to show to the master');
  const state = flags.state ?? defaultState('agent', surroundings());
  const machine = machineSettings(flags, process.env);
  const { createLog, REBOOT_COMMANDS, startAgent } = await import('@tutti/agent');
  const log = createLog({ daemon: 'agent', level: flags.logLevel, out: process.stderr });
  const running = await startAgent({
    state,
    master,
    token,
    name,
    labels,
    address: flags.address,
    ...machine,
    rebootCommands: machine.rebootCommands ?? REBOOT_COMMANDS,
    software: SOFTWARE,
    // A private agent leaves nothing outside its state directory.
    ...(flags.private ? { runtimeDir: join(state, 'run') } : {}),
    nodePath: process.execPath,
    sdkDir,
    log,
  });
  const daemon = {
    state,
    ready: running.registered.then(() => ({ url: master, name })),
    failed: running.refused,
    close: ({ private: isPrivate }: { private: boolean }) => running.close({ kill: isPrivate }),
  };
  return runDaemon(daemon, { isPrivate: flags.private === true });
}
