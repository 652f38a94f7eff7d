/**
 * An agent that is killed at each of its durable steps in turn, and a successor that finishes what it began: the script runs
 * once in each boot, the reboot that it asks for happens, and its end is what it would have been.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { inline, killAllWith, type Lab, makeLab, openLab, until } from './lab.ts';

/** What is on the disk for good when it is killed, and for which time. */
const POINTS: [string, string, number][] = [
  ['the directory is made', 'spec.json', 1],
  ['the start is decided', 'started.0', 1],
  ['the remaining time is written down', 'deadline.json', 1],
  ['the directory is safe', 'wrapper', 1],
  ['the reboot is announced', 'reboot.0', 1],
  ['the reboot is noted for the report', 'events.0', 2],
  ['the remaining time is written down once more', 'deadline.json', 3],
  ['the directory is safe once more', 'reboot.0', 2],
];

function reboots() {
  // Asks as an SDK does: the same request until it is answered or the asker is gone.
  const talk = `
    const request = { id: "request-1", call: "reboot", args: { timeout: 30 } };
    const dial = () => {
      const socket = require("net").connect(process.env.TUTTI_SOCKET);
      socket.on("error", () => {});
      socket.on("close", () => setTimeout(dial, 20));
      socket.write(JSON.stringify(request) + String.fromCharCode(10));
    };
    dial();`;
  return inline(
    `echo "run $TUTTI_REBOOT_COUNT"
     [ "$TUTTI_REBOOT_COUNT" = 0 ] || exit 3
     exec '${process.execPath}' -e '${talk}'`,
  );
}

function agentThatDies(lab: Lab, spec: string, file: string, time: number): ChildProcess {
  const agent = spawn(
    process.execPath,
    [join(import.meta.dirname, 'agent-process.ts'), lab.base, lab.agent, spec, file, String(time)],
    { stdio: 'ignore' },
  );
  onTestFinished(() => void agent.kill('SIGKILL'));
  return agent;
}

test.each(POINTS)('killed when %s', async (_, file, time) => {
  const lab = await makeLab();
  const spec = reboots();
  const order = join(lab.base, 'spec.json');
  writeFileSync(order, JSON.stringify(spec));
  const agent = agentThatDies(lab, order, file, time);
  const down = join(lab.base, 'down');
  const died = once(agent, 'exit');
  expect(await died).toEqual([null, 'SIGKILL']);
  expect(existsSync(down)).toBe(false);

  // The next agent of the same boot, asked again as a master asks.
  const next = await openLab(lab.base, lab.agent, { rebootCommands: [`: >'${down}'`] });
  await next.members.prepare(spec);
  await next.members.start(spec.member);
  await until('the machine goes down', () => existsSync(down));
  await killAllWith(spec.member);

  const back = await next.successor({ bootId: 'the next boot' });
  expect(back.members.presence()).toMatchObject([{ incarnation: 1 }]);
  expect((await back.ended(spec.member)).exit).toEqual({ how: 'exited', code: 3 });
  expect(back.text(spec.member, 'stdout.0')).toBe('run 0\n');
  expect(back.text(spec.member, 'stdout.1')).toBe('run 1\n');
  expect(back.text(spec.member, 'events.0').match(/"event":"reboot"/g)).toHaveLength(1);
});
