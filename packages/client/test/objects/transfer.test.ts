import { createHash } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, readlink, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Handlers } from '@tutti/link';
import type { Blob, NodeArgs } from '@tutti/protocol';
import { MemorySink, MemorySource, rejection } from '@tutti/testkit';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../fake-master.ts';
import { connected } from './connected.ts';

/** A master with a machine whose files are those that were put, by path. */
async function machine() {
  const contents = new Map<string, Buffer>();
  const sinks = new Map<string, MemorySink>();
  const put = new Map<string, NodeArgs<'put'>>();
  const handlers: Partial<Handlers<'client→master'>> = {
    'blob.missing': ({ blobs }) => ({
      missing: [...blobs.keys()].filter((at) => !sinks.has(blobs[at]?.digest ?? '')),
    }),
    'node.put': ({ args }) => {
      put.set(args.path, args);
      return { files: 1, bytes: 1 };
    },
    'node.get': ({ args: { path } }) => {
      const found = put.get(path);
      if (found === undefined) throw new Error('no such file');
      return { kind: found.kind, manifest: found.manifest };
    },
    'blob.fetch': async ({ blobs }) => {
      for (const { digest, size } of blobs) await send({ digest, size });
      return {};
    },
  };
  const lab = await connected({}, handlers);
  const { master, tutti } = lab;
  master.accept = (target) => {
    const sink = new MemorySink();
    if (target.to === 'blob') sinks.set(target.digest, sink);
    return sink;
  };
  const send = async ({ digest, size }: Blob) => {
    const bytes = contents.get(digest) ?? sinks.get(digest)?.file.bytes ?? Buffer.alloc(0);
    const stream = await master.session.openStream({ to: 'blob', digest, size }, new MemorySource(bytes));
    await stream.finish(size);
  };
  return { ...lab, node: tutti.nodes.get('n1'), put, contents };
}

test('a file comes back as it was sent, with its mode; into a directory under its name', async () => {
  const { node, put } = await machine();
  const dir = temporaryDirectory();
  const bytes = Buffer.from([0, 1, 2, 255, 10, 13]);
  await writeFile(join(dir, 'a.bin'), bytes);
  await chmod(join(dir, 'a.bin'), 0o750);
  await node.put(join(dir, 'a.bin'), '/etc/a.bin', { mode: 0o600 });
  expect(put.get('/etc/a.bin')).toMatchObject({ kind: 'file', mode: 0o600 });
  await node.get('/etc/a.bin', join(dir, 'back'));
  expect(await readFile(join(dir, 'back'))).toEqual(bytes);
  expect((await stat(join(dir, 'back'))).mode & 0o777).toBe(0o750);
  await mkdir(join(dir, 'there'));
  expect(await node.get('/etc/a.bin', join(dir, 'there'))).toEqual({ files: 1, bytes: 6 });
  expect(await readdir(join(dir, 'there'))).toEqual(['a.bin']);
  // Nothing half done is left.
  expect((await readdir(dir)).toSorted()).toEqual(['a.bin', 'back', 'there']);
});

test('a directory comes back whole: what is hidden, links, the same contents twice', async () => {
  const { node } = await machine();
  const dir = temporaryDirectory();
  await mkdir(join(dir, 'from/.git'), { recursive: true });
  await writeFile(join(dir, 'from/.git/config'), 'same');
  await writeFile(join(dir, 'from/twin'), 'same');
  await symlink('twin', join(dir, 'from/link'));
  await node.put(join(dir, 'from'), '/srv');
  expect(await node.get('/srv', join(dir, 'to'))).toMatchObject({ files: 2 });
  expect(await readFile(join(dir, 'to/.git/config'), 'utf8')).toBe('same');
  expect(await readFile(join(dir, 'to/link'), 'utf8')).toBe('same');
  expect(await readlink(join(dir, 'to/link'))).toBe('twin');
  expect(await rejection(node.get('/srv', join(dir, 'from')))).toMatchObject({
    ...{ code: 'USAGE', message: expect.stringContaining('it is there already, and not empty') as string },
  });
  expect(await readFile(join(dir, 'from/twin'), 'utf8')).toBe('same');
});

test('what is not there is not sent', async () => {
  const { node, master } = await machine();
  expect(await rejection(node.put('/no/such/file', '/x'))).toMatchObject({
    ...{ code: 'USAGE', message: expect.stringContaining('/no/such/file cannot be sent') as string },
  });
  expect(await rejection(node.put('/dev/null', '/x'))).toMatchObject({ code: 'USAGE' });
  expect(master.count('node.put')).toBe(0);
});

test('contents that are not what they were announced to be are not written', async () => {
  const { node, contents } = await machine();
  const dir = temporaryDirectory();
  await writeFile(join(dir, 'a'), 'right');
  await node.put(join(dir, 'a'), '/a');
  contents.set(createHash('sha256').update('right').digest('hex'), Buffer.from('wrong'));
  expect(await rejection(node.get('/a', join(dir, 'b')))).toMatchObject({ code: 'DIGEST_MISMATCH' });
  expect(await readdir(dir)).toEqual(['a']);
});
