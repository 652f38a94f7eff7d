/**
 * Who this script is. Read from the environment when asked for, so that `import 'tutti'` alone works anywhere; outside
 * a Tutti run it is the reading that throws.
 */
import { fromEnvironment } from './environment.ts';

export interface Me {
  /** `client.0`: role and index. */
  readonly member: string;
  readonly role: string;
  /** 0-based, within the role. */
  readonly index: number;
  /** The machine's name. */
  readonly node: string;
  readonly test: string;
  /** 1 the first time; a retry counts up. */
  readonly attempt: number;
  /** The run's number, as people see it. */
  readonly run: number;
  /** TUTTI_PARAM_<NAME> by lower-case name; always text, as everything in an environment. */
  readonly params: Readonly<Record<string, string>>;
  /** 0 until the machine has been rebooted by this test. */
  readonly rebootCount: number;
  /** Seconds that the test had at most when this script was started. */
  readonly deadline: number;
  /** The directory for artifacts. */
  readonly out: string;
}

const PARAM = 'TUTTI_PARAM_';

export const me: Me = {
  get member() {
    return fromEnvironment('TUTTI_MEMBER');
  },
  get role() {
    return fromEnvironment('TUTTI_ROLE');
  },
  get index() {
    return Number(fromEnvironment('TUTTI_INDEX'));
  },
  get node() {
    return fromEnvironment('TUTTI_NODE');
  },
  get test() {
    return fromEnvironment('TUTTI_TEST');
  },
  get attempt() {
    return Number(fromEnvironment('TUTTI_ATTEMPT'));
  },
  get run() {
    return Number(fromEnvironment('TUTTI_RUN'));
  },
  get params() {
    const set = Object.entries(process.env).filter(([name]) => name.startsWith(PARAM));
    return Object.fromEntries(
      set.map(([name, value]) => [name.slice(PARAM.length).toLowerCase(), value ?? '']),
    );
  },
  get rebootCount() {
    return Number(fromEnvironment('TUTTI_REBOOT_COUNT'));
  },
  get deadline() {
    return Number(fromEnvironment('TUTTI_DEADLINE'));
  },
  get out() {
    return fromEnvironment('TUTTI_OUT');
  },
};
