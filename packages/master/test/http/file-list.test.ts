import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { finishedRun, LOG, OUT } from './finished-run.ts';

describe('the list of files', () => {
  test('has all of the run in the order of their paths, and nothing of the master', async () => {
    const { get, dir } = await finishedRun({
      [`${LOG}.idx`]: 'x',
      '.master': 'x',
      [LOG]: 'log',
      [`${OUT}/b`]: 'bb',
      [`${OUT}/a.log.idx`]: 'kept',
    });
    await symlink('b', join(dir, OUT, 'link'));
    await symlink('/etc/passwd', join(dir, OUT, 'out'));
    const { files, more } = (await (await get('files')).json()) as {
      files: { path: string }[];
      more: boolean;
    };
    expect(files.map(({ path }) => path)).toEqual([
      'junit.xml',
      'report.html',
      'report.yaml',
      'results.yml',
      `${OUT}/a.log.idx`,
      `${OUT}/b`,
      `${OUT}/link`,
      LOG,
    ]);
    expect(more).toBe(false);
    expect(files.find(({ path }) => path === `${OUT}/b`)).toMatchObject({
      size: 2,
      modified: expect.any(Number),
    });
    expect(files.find(({ path }) => path === `${OUT}/link`)).toMatchObject({ link: 'b' });
  });

  test('of many files comes a page at a time, each once', async () => {
    const many: Record<string, string> = {};
    for (let n = 0; n < 1200; n += 1) many[`${OUT}/${n}`] = '';
    const { get, dir } = await finishedRun(many);
    await mkdir(join(dir, OUT, '50-more'));
    await writeFile(join(dir, OUT, '50-more/x'), '');
    const found: string[] = [];
    let pages = 0;
    for (let more = true; more; pages += 1) {
      const after = found.length === 0 ? '' : `?after=${encodeURIComponent(found.at(-1)!)}`;
      const page = (await (await get(`files${after}`)).json()) as {
        files: { path: string }[];
        more: boolean;
      };
      found.push(...page.files.map(({ path }) => path));
      more = page.more;
    }
    expect(pages).toBe(2);
    expect(found).toHaveLength(1200 + 4 + 1);
    expect(new Set(found).size).toBe(found.length);
    expect(found).toContain(`${OUT}/50-more/x`);
  });
});
