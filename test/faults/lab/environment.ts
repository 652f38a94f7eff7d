/** What the daemons of the lab start with: nothing from outside, and the modules that a test looks through. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

export const launcher = join(import.meta.dirname, '../../../packages/cli/bin/tutti');

export interface Hooks {
  /** A file with milliseconds. */
  clock?: string;
  /** Where an agent writes down what is safe. */
  synced?: string;
}

export function daemonEnvironment({ clock, synced }: Hooks = {}): NodeJS.ProcessEnv {
  const { PATH = '/usr/sbin:/usr/bin:/sbin:/bin' } = process.env;
  const preload = (name: string) =>
    `--import=${pathToFileURL(join(import.meta.dirname, '../preload', name)).href}`;
  const imports = [
    ...(clock === undefined ? [] : [preload('clock.ts')]),
    ...(synced === undefined ? [] : [preload('synced.ts')]),
  ];
  return {
    PATH,
    HOME: '/root',
    NO_COLOR: '1',
    ...(imports.length === 0 ? {} : { NODE_OPTIONS: imports.join(' ') }),
    ...(clock === undefined ? {} : { TUTTI_FAULTS_CLOCK: clock }),
    ...(synced === undefined ? {} : { TUTTI_FAULTS_SYNCED: synced }),
  };
}
