/** What each kind of fault does to a lab, and how it is healed. */
import type { KindName } from './kinds.ts';
import type { Lab } from './lab/lab.ts';
import { pleaseReboot, thankYou } from './requests.ts';
import type { Fault } from './schedule.ts';

interface Action {
  inject(lab: Lab, fault: Fault): void | Promise<void>;
  heal(lab: Lab, fault: Fault): void | Promise<void>;
}

const HOUR = 3_600_000;

const agentSignal = (signal: NodeJS.Signals): Action => ({
  inject: (lab, { on }) => lab.machine(on).agent.signal(signal),
  heal: (lab, { on }) => lab.machine(on).startAgent(),
});

const masterSignal = (signal: NodeJS.Signals): Action => ({
  inject: (lab) => lab.master.daemon.signal(signal),
  heal: (lab) => lab.master.start(),
});

const cut: Action = {
  inject: (lab, { on }) => wireOf(lab, on).cut(),
  heal: (lab, { on }) => wireOf(lab, on).mend(),
};

/** Up to three hours on or back. */
const jump: Action = {
  inject: (lab, { on, dice }) => machineOf(lab, on).setClock(Math.round((dice * 6 - 3) * HOUR)),
  heal: (lab, { on }) => machineOf(lab, on).setClock(0),
};

export const ACTIONS: Record<KindName, Action> = {
  'kill-agent': agentSignal('SIGKILL'),
  'stop-agent': agentSignal('SIGTERM'),
  'freeze-agent': {
    inject: (lab, { on }) => lab.machine(on).agent.signal('SIGSTOP'),
    heal: (lab, { on }) => lab.machine(on).agent.signal('SIGCONT'),
  },
  'kill-master': masterSignal('SIGKILL'),
  'stop-master': masterSignal('SIGTERM'),
  'freeze-master': {
    inject: (lab) => lab.master.daemon.signal('SIGSTOP'),
    heal: (lab) => lab.master.daemon.signal('SIGCONT'),
  },
  'cut-agent': cut,
  'cut-master': cut,
  vanish: cut,
  mute: {
    inject: (lab, { on }) => lab.machine(on).wire.loseTo(lab.master.wire),
    heal: (lab, { on }) => lab.machine(on).wire.findAgain(lab.master.wire),
  },
  deafen: {
    inject: (lab, { on }) => lab.master.wire.loseTo(lab.machine(on).wire),
    heal: (lab, { on }) => lab.master.wire.findAgain(lab.machine(on).wire),
  },
  slow: {
    inject: (lab, { on }) => lab.machine(on).wire.slow(10_000),
    heal: (lab, { on }) => lab.machine(on).wire.quicken(),
  },
  'jump-clock': jump,
  'jump-master-clock': jump,
  'fill-master-disk': {
    inject: (lab) => lab.master.disk.fill(),
    heal: (lab) => lab.master.disk.empty(),
  },
  reboot: {
    inject: (lab, { on }) => pleaseReboot(lab.dir, on),
    heal: (lab, { on }) => thankYou(lab.dir, on),
  },
  crash: {
    inject: (lab, { on }) => lab.machine(on).crash(),
    heal: (lab, { on }) => lab.machine(on).up(),
  },
};

function machineOf(lab: Lab, name: string) {
  return name === 'master' ? lab.master : lab.machine(name);
}

function wireOf(lab: Lab, name: string) {
  return machineOf(lab, name).wire;
}
