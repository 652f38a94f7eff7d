/** What `Members` needs, for a lab in `base`: the same in a test and in an agent that runs as a process of its own. */
import { join } from 'node:path';
import { bootId } from '@tutti/link';
import type { MembersOptions } from '../../src/members/members.ts';
import { machineClock } from '../../src/system/clock.ts';

export function labOptions(base: string, agent: string): Omit<MembersOptions, 'onEnded' | 'log'> {
  return {
    stateDir: join(base, 'state'),
    runtimeDir: join(base, 'run'),
    agent,
    nodePath: process.execPath,
    sdkDir: join(base, 'sdk'),
    cache: { path: (digest) => join(base, 'blobs', digest) },
    clock: machineClock,
    bootId: bootId(),
    requests: {
      rebooting: () => Promise.resolve(),
      rebootOther: () => Promise.reject(new Error('no master here')),
      extend: () => Promise.reject(new Error('no master here')),
      drive: () => Promise.reject(new Error('no master here')),
    },
    rebootCommands: [],
    sync: () => Promise.reject(new Error('no master here')),
    rung: 0.3,
    drain: 2,
  };
}
