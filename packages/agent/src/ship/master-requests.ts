/** What members ask of their master about their machine and their time. */
import type { MasterRequests } from '../members/context.ts';
import { type DriversMachine, relayDrive } from './drive-relay.ts';
import { askMaster } from './master-calls.ts';
import type { MasterLink } from './master-link.ts';

/** How long a machine that is to reboot waits for a master that it cannot reach. Its next hello says it anyway. */
const TELLING_MS = 3000;

export function masterRequests(link: MasterLink, machine: DriversMachine): MasterRequests {
  return {
    async rebooting(member, incarnation, plan, signal) {
      const within = AbortSignal.any([signal, AbortSignal.timeout(TELLING_MS)]);
      await askMaster(link, 'member.rebooting', { member, incarnation, ...plan }, within);
    },
    async rebootOther(member, request, other, timeout, signal) {
      await askMaster(link, 'member.rebootOther', { member, request, other, timeout }, signal);
    },
    async extend(member, request, seconds, signal) {
      return (await askMaster(link, 'member.extend', { member, request, seconds }, signal)).remaining;
    },
    drive: (request, signal) => relayDrive(link, machine, request, signal),
  };
}
