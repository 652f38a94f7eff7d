/**
 * The environment a script starts with: exactly this, nothing of the agent's.
 *
 * Pure. `env:` of suite and role may replace anything but the `TUTTI_` variables; of `PATH` and `PYTHONPATH` it replaces
 * the middle and the end, so that `tutti` and `import tutti` keep working.
 */
import type { MemberSpec } from '@tutti/protocol';
import type { MachineEnvironment } from './machine-environment.ts';

export interface Places {
  /** Holds `tutti`. */
  readonly shimDir: string;
  /** Holds nothing but `node`. */
  readonly nodeDir: string;
  /** Holds Python's `tutti`. */
  readonly pythonDir: string;
  readonly socket: string;
  readonly out: string;
  readonly topology: string;
  readonly tmp: string;
}

export function environmentOf(
  spec: MemberSpec,
  places: Places,
  machine: MachineEnvironment,
  incarnation: number,
  /** Seconds that are left. */
  deadline: number = spec.timeout,
  /** Instead of a clean one. */
  own?: Readonly<Record<string, string>>,
): Record<string, string> {
  const given = { ...(own ?? clean(places, machine)), ...spec.env, ...spec.secrets };
  const environment: Record<string, string> = {
    ...given,
    PATH: [places.shimDir, given.PATH ?? machine.path, places.nodeDir].join(':'),
    PYTHONPATH: [places.pythonDir, ...(given.PYTHONPATH ? [given.PYTHONPATH] : [])].join(':'),
    TUTTI_SOCKET: places.socket,
    TUTTI_RUN: String(spec.run.number),
    TUTTI_TEST: spec.test,
    TUTTI_ATTEMPT: String(spec.attempt.number),
    TUTTI_ROLE: spec.role,
    TUTTI_INDEX: String(spec.index),
    TUTTI_MEMBER: spec.name,
    TUTTI_NODE: spec.node,
    TUTTI_REBOOT_COUNT: String(incarnation),
    TUTTI_DEADLINE: String(deadline),
    TUTTI_OUT: places.out,
    TUTTI_TOPOLOGY: places.topology,
  };
  for (const [name, value] of Object.entries(spec.params)) {
    environment[`TUTTI_PARAM_${name.toUpperCase()}`] = String(value);
  }
  for (const [role, address] of roleAddresses(spec))
    environment[`TUTTI_ADDR_${role.toUpperCase()}`] = address;
  return environment;
}

function clean(places: Places, machine: MachineEnvironment): Record<string, string> {
  return {
    HOME: machine.home,
    USER: machine.user,
    SHELL: machine.shell,
    LANG: 'C.UTF-8',
    TZ: machine.timezone,
    TMPDIR: places.tmp,
    PYTHONUNBUFFERED: '1',
    CI: '1',
  };
}

/** Of each role its first member's first address; a role whose machine has none is left out. */
function roleAddresses(spec: MemberSpec): Map<string, string> {
  const found = new Map<string, string>();
  for (const each of spec.topology.toSorted((a, b) => a.index - b.index)) {
    const [address] = each.addresses;
    if (address !== undefined && !found.has(each.role)) found.set(each.role, address);
  }
  return found;
}

/** The file behind `TUTTI_TOPOLOGY`. */
export function topologyText(spec: MemberSpec): string {
  const topology = {
    run: spec.run.number,
    test: spec.test,
    attempt: spec.attempt.number,
    self: spec.name,
    members: spec.topology,
  };
  return `${JSON.stringify(topology, undefined, 2)}\n`;
}
