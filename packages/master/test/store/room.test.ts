import { expect, test } from 'vitest';
import { requireRoom } from '../../src/store/room.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

test('there is room for new runs while enough of the disk is free, and else it is said how much there is', async () => {
  const path = await temporaryDirectory();
  await requireRoom(path, 0);
  await expect(requireRoom(path, Number.MAX_SAFE_INTEGER)).rejects.toMatchObject({
    code: 'DISK_FULL',
    message: expect.stringMatching(
      /^the disk of .* has \d+ MiB left, and the master takes new runs only above \d+ MiB$/,
    ),
  });
});
