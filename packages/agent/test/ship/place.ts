/** A place on this machine for a whole agent with real scripts, and a master that a test plays. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createLog } from '@tutti/link';
import type { MemberSpec } from '@tutti/protocol';
import { onTestFinished } from 'vitest';
import { type Agent, type AgentOptions, startAgent } from '../../src/agent.ts';
import { inline, killAllWith } from '../members/lab.ts';
import { FakeMaster, MASTER, TOKEN } from './fake-master.ts';
import { temporaryDirectory } from './member-on-disk.ts';

export interface Place {
  base: string;
  master: FakeMaster;
  log: string[];
  start: (options?: Partial<AgentOptions>) => Promise<Agent>;
}

export async function place(): Promise<Place> {
  const base = temporaryDirectory();
  onTestFinished(() => killAllWith(base));
  const sdkDir = join(base, 'sdk');
  mkdirSync(join(sdkDir, 'python'), { recursive: true });
  writeFileSync(join(sdkDir, 'index.js'), '');
  const master = await FakeMaster.open(base);
  const log: string[] = [];
  return {
    base,
    master,
    log,
    async start(options = {}) {
      let open = true;
      const agent = await startAgent({
        state: join(base, 'state'),
        runtimeDir: join(base, 'run'),
        master: master.address,
        token: () => TOKEN,
        name: 'n1',
        labels: { rack: 'a' },
        software: 'tutti 0.0.0',
        nodePath: process.execPath,
        sdkDir,
        log: createLog({ daemon: 'agent', level: 'warn', out: { write: (line: string) => log.push(line) } }),
        ...options,
      });
      const close = agent.close.bind(agent);
      const once = { ...agent, close: (how: { kill: boolean }) => ((open = false), close(how)) };
      onTestFinished(async () => {
        if (open) await close({ kill: true });
      });
      return once;
    },
  };
}

export const script = (text: string, more: Partial<MemberSpec> = {}) =>
  inline(text, { master: MASTER, ...more });

/** Has a member prepared and started. */
export async function run(master: FakeMaster, spec: MemberSpec, session = 1): Promise<void> {
  const to = await master.session(session);
  await to.call('member.prepare', { spec: await master.order(to, spec) });
  await to.call('member.start', { member: spec.member });
}

export const stdout = (master: FakeMaster) => master.copies.log('stdout').bytes.toString();
