/**
 * What can happen to a connection, one story each, on real wires between real machines: a run that is under way goes on, or its
 * verdict says why not.
 */
import { readFileSync } from 'node:fs';
import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { eventually } from '@tutti/testkit';
import { describe, expect, test } from 'vitest';
import { PATIENCE, Story, WELL } from './story.ts';
import { canHarm } from './tools.ts';

const HOUR = 3_600_000;

// They wait more than they work: for silence to be noticed, and for who was away to come back.
describe.skipIf(canHarm() !== undefined)(
  'a run goes on (needs root and namespaces)',
  { timeout: 240_000, concurrent: true },
  () => {
    test('when the master closes its sockets and comes back', async (context) => {
      const story = await Story.begin(context);
      const { master } = story.lab;
      master.daemon.signal('SIGTERM');
      expect(await master.daemon.ended).toEqual({ code: 0, signal: null });
      await master.start();
      await story.goesOn();
      expect(await story.end()).toEqual(WELL);
    });

    test('when an agent stands still for longer than silence is taken for life', async (context) => {
      const story = await Story.begin(context);
      const { agent } = story.lab.machine('n1');
      agent.signal('SIGSTOP');
      await story.becomes('n1', 'unreachable');
      agent.signal('SIGCONT');
      await story.becomes('n1', 'running');
      await story.goesOn();
      expect(silences(story.partings)).toHaveLength(1);
      expect(await story.end()).toEqual(WELL);
    });

    test('when the master stands still for longer than silence is taken for life', async (context) => {
      const story = await Story.begin(context);
      const { daemon } = story.lab.master;
      daemon.signal('SIGSTOP');
      await eventually(() => lost(story, 'n1') && lost(story, 'n2'), { timeout: PATIENCE, every: 50 });
      daemon.signal('SIGCONT');
      await story.becomes('n1', 'running');
      await story.goesOn();
      expect(await story.end()).toEqual(WELL);
    });

    test('when all packets are lost for a while', async (context) => {
      const story = await Story.begin(context);
      const { wire } = story.lab.machine('n1');
      await wire.cut();
      await story.becomes('n1', 'unreachable');
      await wire.mend();
      await story.becomes('n1', 'running');
      await story.goesOn();
      expect(await story.end()).toEqual(WELL);
    });

    test('when only what an agent sends is lost', async (context) => {
      const story = await Story.begin(context);
      const { master } = story.lab;
      const { wire } = story.lab.machine('n1');
      await wire.loseTo(master.wire);
      await story.becomes('n1', 'unreachable');
      await wire.findAgain(master.wire);
      await story.becomes('n1', 'running');
      await story.goesOn();
      expect(await story.end()).toEqual(WELL);
    });

    test('when only what an agent is sent is lost', async (context) => {
      const story = await Story.begin(context);
      const { master } = story.lab;
      const { wire } = story.lab.machine('n1');
      await master.wire.loseTo(wire);
      // The agent hears nothing, and hangs up; the master, which still hears it, cannot know any earlier.
      await eventually(() => lost(story, 'n1'), { timeout: PATIENCE, every: 50 });
      await master.wire.findAgain(wire);
      await story.becomes('n1', 'running');
      await story.goesOn();
      expect(await story.end()).toEqual(WELL);
    });

    test('when clocks jump by hours, on and back, on both sides', async (context) => {
      const story = await Story.begin(context);
      const { lab } = story;
      lab.machine('n1').setClock(3 * HOUR);
      lab.machine('n2').setClock(-3 * HOUR);
      await story.goesOn();
      lab.master.setClock(-2 * HOUR);
      await story.goesOn();
      lab.master.setClock(2 * HOUR);
      lab.machine('n1').setClock(-3 * HOUR);
      await story.goesOn();
      expect(story.partings).toEqual([]);
      expect(await story.end()).toEqual(WELL);
      const { report } = story;
      const [only] = report.tests;
      const durations = [
        report.duration,
        only?.duration,
        ...(only?.attempts[0]?.members ?? []).map((each) => each.duration),
      ];
      for (const duration of durations) {
        expect(duration).toBeGreaterThan(0);
        expect(duration).toBeLessThan(60);
      }
      expect(Math.abs(Date.parse(report.started) - Date.now())).toBeLessThan(HOUR);
    });

    test('when a restarted master finds its clock hours back', async (context) => {
      const story = await Story.begin(context);
      const { master } = story.lab;
      await master.daemon.kill();
      master.setClock(-3 * HOUR);
      await master.start();
      await story.goesOn();
      expect(await story.end()).toEqual(WELL);
      const { report } = story;
      expect(report.duration).toBeGreaterThan(0);
      expect(report.duration).toBeLessThan(60);
    });

    test('over a line of 10 kB/s, which is alive', async (context) => {
      const story = await Story.begin(context, {
        // At once much more than goes through the line in the time after which silence would be death.
        script: (stop) => `
        tutti barrier before
        i=0
        while [ ! -e ${stop} ] && [ $i -lt 5 ]; do i=$((i+1)); echo $i; sleep 0.05; done
        while [ $i -lt 2000 ]; do i=$((i+1)); echo $i; echo $i ${'x'.repeat(60)} >&2; done
        echo "total $i"
        tutti barrier after`,
      });
      await story.lab.machine('n1').wire.slow(10_000);
      expect(await story.end()).toEqual(WELL);
      expect(story.partings).toEqual([]);
    });

    test('when the name of the master means another address, where it is from now on', async (context) => {
      const story = await Story.begin(context);
      const { master } = story.lab;
      const moved = '127.77.0.200';
      await master.daemon.kill();
      await master.wire.alias('add', moved);
      master.name(moved);
      await master.start();
      await story.goesOn();
      expect(await story.end()).toEqual(WELL);
    });

    test('when another machine says that it is this one: that one is refused, and told why', async (context) => {
      const story = await Story.begin(context);
      const { lab } = story;
      const [n1, n2] = [lab.machine('n1'), lab.machine('n2')];
      const image = join(n2.state, '../image');
      await mkdir(image);
      await copyFile(join(n1.state, 'agent.id'), join(image, 'agent.id'));
      const clone = n2.start(['--state', join(n2.dir, 'disk/image'), '--name', 'n1', '--boot-id', 'other']);
      clone.abandon();
      expect(await clone.ended).toMatchObject({ code: 2 });
      const said = readFileSync(join(n2.dir, 'agent.log'), 'utf8');
      expect(said).toContain('CLONED_IDENTITY');
      for (const { wire } of [n1, n2]) expect(said).toContain(wire.address);
      expect(story.partings).toEqual([]);
      await story.goesOn();
      expect(await story.end()).toEqual(WELL);
    });
  },
);

test.skipIf(canHarm() !== undefined)(
  'a laggard that comes back after its grace is ended, and its machine is of use again (needs root and namespaces)',
  { timeout: 240_000, concurrent: true },
  async (context) => {
    const story = await Story.begin(context, { grace: '2s' });
    const { lab } = story;
    const { wire } = lab.machine('n1');
    await wire.cut();
    await story.becomes('n1', 'offline');
    const cause = 'was lost: its node was away for more than 2 s';
    const said = await story.over();
    expect(said).toMatchObject({ code: 2 });
    expect(story.report.tests[0]).toMatchObject({ status: 'ERROR', cause: `a.0 on n1 ${cause}` });
    // It does not know yet.
    expect(lab.machine('n1').remains()).not.toEqual([]);
    await wire.mend();
    expect(await story.left()).toEqual([]);
    const next = await lab.tutti([
      'run',
      '--role',
      'a:2=tutti barrier both',
      '--report',
      join(lab.dir, 'after'),
    ]);
    expect(next, next.stderr).toMatchObject({ code: 0 });
  },
);

function silences(partings: readonly string[]): number[] {
  return partings.flatMap((said) => {
    const [, seconds] = / was silent for (\S+) s/.exec(said) ?? [];
    return seconds === undefined ? [] : [Number(seconds)];
  });
}

/** The agent has noticed that its connection is of no use any more. */
function lost({ lab }: Story, name: string): boolean {
  return /was silent for .*trying again/.test(readFileSync(join(lab.machine(name).dir, 'agent.log'), 'utf8'));
}
