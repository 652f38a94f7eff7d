/** The environment of a command that was started for no member: the machine's, and what was asked for. Pure. */
import type { MachineEnvironment } from '../members/machine-environment.ts';

export function machineCommandEnvironment(
  machine: MachineEnvironment,
  env: Record<string, string>,
): Record<string, string> {
  return {
    PATH: machine.path,
    HOME: machine.home,
    USER: machine.user,
    SHELL: machine.shell,
    LANG: 'C.UTF-8',
    TZ: machine.timezone,
    ...env,
  };
}
