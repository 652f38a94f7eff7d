/** What a full disk does to a run that is under way, one story for each side: it waits, or it ends and says why. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '@tutti/testkit';
import { describe, expect, test } from 'vitest';
import { PATIENCE, Story, WELL } from './story.ts';
import { canHarm } from './tools.ts';

describe.skipIf(canHarm() !== undefined)(
  'a full disk (needs root and namespaces)',
  { timeout: 240_000, concurrent: true },
  () => {
    test('of the master makes a run that ends wait, and costs it nothing', async (context) => {
      const story = await Story.begin(context);
      const { master } = story.lab;
      master.disk.fill();
      const ending = story.end();
      const said = () => readFileSync(join(master.dir, 'master.log'), 'utf8');
      await eventually(() => /disk is full|no space is left/.test(said()), { timeout: PATIENCE, every: 50 });
      master.disk.empty();
      expect(await ending).toEqual(WELL);
    });

    test('of a machine ends what runs there as ERROR, and its disk is the reason', async (context) => {
      const story = await Story.begin(context);
      const { lab } = story;
      const { disk } = lab.machine('n1');
      disk.fill();
      expect(await story.over()).toMatchObject({ code: 2 });
      expect(story.report.tests[0]).toMatchObject({
        status: 'ERROR',
        cause: expect.stringMatching(/^a\.0 on n1 was stopped: the disk of its node is full/) as string,
      });
      disk.empty();
      expect(await story.left()).toEqual([]);
      const both = ['run', '--role', 'a:2=tutti barrier both', '--report', join(lab.dir, 'after')];
      expect(await lab.tutti(both)).toMatchObject({ code: 0 });
    });
  },
);
