import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rejection } from '@tutti/testkit';
import { expect, test } from 'vitest';
import { findSuites } from '../../src/objects/find-suites.ts';
import { temporaryDirectory } from '../fake-master.ts';

test('suite files, folders that are suites, and nothing else', async () => {
  const dir = temporaryDirectory();
  await writeFile(join(dir, 'net.yaml'), 'suite: net\ntests: []\n');
  await writeFile(join(dir, 'flow.yml'), '{"tests": []}');
  await writeFile(join(dir, 'compose.yaml'), 'services: {}\n');
  await writeFile(join(dir, 'notes.txt'), 'tests: none\n');
  await mkdir(join(dir, 'disk'));
  await writeFile(join(dir, 'disk/one.test.sh'), '');
  await chmod(join(dir, 'disk/one.test.sh'), 0o755);
  await mkdir(join(dir, 'cluster'));
  await writeFile(join(dir, 'cluster/suite.yaml'), 'tests: []\n');
  await mkdir(join(dir, 'node_modules'));
  await writeFile(join(dir, 'node_modules/suite.yaml'), 'tests: []\n');
  await mkdir(join(dir, 'empty'));
  expect(await findSuites('.', dir)).toEqual(
    ['cluster', 'disk', 'flow', 'net'].map((name) => ({
      name,
      path: join(dir, { flow: 'flow.yml', net: 'net.yaml' }[name] ?? name),
    })),
  );
});

test('a folder that cannot be read has none, and says why', async () => {
  expect(await rejection(findSuites('nowhere', temporaryDirectory()))).toMatchObject({
    ...{ code: 'USAGE', message: expect.stringContaining('nowhere has no suites') as string },
  });
});
