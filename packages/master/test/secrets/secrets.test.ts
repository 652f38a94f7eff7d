import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rejection } from '@tutti/testkit';
import { expect, test } from 'vitest';
import { Secrets } from '../../src/secrets/secrets.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

async function secretsOf(files: Record<string, string | Buffer>, mode = 0o600) {
  const dir = await temporaryDirectory();
  await mkdir(dir, { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(dir, name), text);
    await chmod(join(dir, name), mode);
  }
  return { dir, secrets: new Secrets(dir) };
}

test('a secret is what its file holds, without the last line end', async () => {
  const { secrets } = await secretsOf({ TOKEN: 'hunter22\n', KEY: 'first\nsecond\n' });
  expect(await secrets.of(['TOKEN', 'KEY'])).toEqual({ TOKEN: 'hunter22', KEY: 'first\nsecond' });
  expect(await secrets.of([])).toEqual({});
});

test('a secret that is not there is named, and the file to make', async () => {
  const { dir, secrets } = await secretsOf({});
  expect(await rejection(secrets.of(['TOKEN']))).toMatchObject({
    code: 'NO_SECRET',
    message: `the secret TOKEN cannot be given to the test: ${dir}/TOKEN is not there`,
  });
});

test('a secret that others can read is refused', async () => {
  const { dir, secrets } = await secretsOf({ TOKEN: 'hunter22' }, 0o640);
  expect(await rejection(secrets.of(['TOKEN']))).toMatchObject({
    code: 'NO_SECRET',
    message: expect.stringContaining(`can be read by others; chmod 600 ${dir}/TOKEN`) as string,
  });
});

test.each([
  ['abc', 'is shorter than 4 bytes'],
  ['x'.repeat(16_385), 'is longer than 16384 bytes'],
  ['ab\0cd', 'is not text'],
  [Buffer.from([0x61, 0x62, 0xff, 0xfe, 0x63]), 'is not text'],
])('a secret that will not do is refused: %j', async (text, why) => {
  const { secrets } = await secretsOf({ TOKEN: text });
  expect(await rejection(secrets.of(['TOKEN']))).toMatchObject({
    message: expect.stringContaining(why) as string,
  });
});
