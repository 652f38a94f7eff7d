/** The options that say which tests of a suite are meant, for every command that reads one. */
import type { Command } from 'commander';
import { collect } from '../options.ts';

export const SUITE_ARGUMENT = 'a suite file (YAML), or a directory of tests';

/** For every command that runs one: a suite, or roles instead. */
export function addRunOptions(command: Command): Command {
  command
    .option(
      '--role <name[:count]=script>',
      'a role and what it runs: ./FILE, /FILE of the node, or an inline script',
      collect,
      [],
    )
    .option(
      '--drive <file>',
      'a script that drives the machines of the roles, which then need no script: --role db:2',
    )
    .option('--file <path>', 'with --role: a further file or directory that the scripts need', collect, []);
  return addSuiteOptions(command)
    .option('--name <name>', 'name of the suite in the report')
    .option(
      '--pause-on-failure [time]',
      'a test that fails stands still before anything of it is stopped, so that you can look; so long at most (default: 15m)',
    )
    .option(
      '--notify <url>',
      'tell this webhook when the run starts, first fails, is paused, and finishes; may be repeated',
      collect,
      [],
    );
}

export function addSuiteOptions(command: Command): Command {
  return command
    .option('--param <key=value>', 'set a parameter of the suite; may be repeated', collect, [])
    .option('--only <glob>', 'only the tests whose name matches; may be repeated', collect, [])
    .option('--skip <glob>', 'not the tests whose name matches; may be repeated', collect, [])
    .option(
      '--tag <tag>',
      'only the tests with this tag, or with !TAG without it; may be repeated',
      collect,
      [],
    )
    .option(
      '--skip-list <file>',
      'lines "GLOB  # reason": matching tests are reported as skipped; may be repeated',
      collect,
      [],
    )
    .option('--repeat <times>', 'run the chosen tests so many times')
    .option('--until-fail', 'run them again and again, until a test is not ok')
    .option('--fail-fast', 'no further test after the first that is not ok')
    .option('--timeout <time>', 'at most this long per test: 30s, 5m, 1h30m')
    .option('--big', 'stage more than 256 MiB');
}
