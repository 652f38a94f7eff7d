import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import { symlink, truncate, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { eventually } from '@tutti/testkit';
import { describe, expect, test } from 'vitest';
import { temporaryDirectory } from '../temporary-directory.ts';
import { raw, requestText } from './api-lab.ts';
import { codeOf, finishedRun, LOG, OUT } from './finished-run.ts';

describe('a file of a run', () => {
  test('comes as it is: logs as text, what members left as attachments', async () => {
    const bytes = Buffer.from([0, 255, 10, 13, 128]);
    const { get } = await finishedRun({
      [LOG]: 'one\ntwo\n',
      [`${OUT}/a b'é.html`]: bytes,
      [`${OUT}/stdout.log`]: 'x',
    });
    const log = await get(`files/${LOG}`);
    expect([log.headers.get('content-type'), log.headers.get('content-disposition')]).toEqual([
      'text/plain; charset=utf-8',
      null,
    ]);
    expect(await log.text()).toBe('one\ntwo\n');
    const left = await get(`files/${OUT}/${encodeURIComponent("a b'é.html")}`);
    expect(Buffer.from(await left.arrayBuffer()).equals(bytes)).toBe(true);
    expect([left.headers.get('content-type'), left.headers.get('content-disposition')]).toEqual([
      'application/octet-stream',
      "attachment; filename*=UTF-8''a%20b%27%C3%A9.html",
    ]);
    expect(left.headers.get('content-security-policy')).toBe("default-src 'none'; sandbox");
    // Named like a log, and no log.
    expect((await get(`files/${OUT}/stdout.log`)).headers.get('content-type')).toBe(
      'application/octet-stream',
    );
  });

  test('can be asked for in part, and is told how long it is', async () => {
    const { get } = await finishedRun({ [LOG]: '0123456789' });
    const part = await get(`files/${LOG}`, { range: 'bytes=2-4' });
    expect([part.status, part.headers.get('content-range'), await part.text()]).toEqual([
      206,
      'bytes 2-4/10',
      '234',
    ]);
    const rest = await get(`files/${LOG}`, { range: 'bytes=7-' });
    expect([rest.status, await rest.text()]).toEqual([206, '789']);
    const beyond = await get(`files/${LOG}`, { range: 'bytes=10-' });
    expect(beyond.headers.get('content-range')).toBe('bytes */10');
    expect(beyond.headers.get('content-disposition')).toBeNull();
    expect(await codeOf(beyond)).toBe('416 BAD_RANGE');
    const several = await get(`files/${LOG}`, { range: 'bytes=0-1,4-5' });
    expect([several.status, await several.text()]).toEqual([200, '0123456789']);
  });

  test('that has not changed is not sent again', async () => {
    const { get, dir } = await finishedRun({ [LOG]: 'one\n' });
    const etag = (await get(`files/${LOG}`)).headers.get('etag')!;
    const same = await get(`files/${LOG}`, { 'if-none-match': etag });
    expect([same.status, await same.text()]).toEqual([304, '']);
    await writeFile(join(dir, LOG), 'one\ntwo\n');
    expect((await get(`files/${LOG}`, { 'if-none-match': etag })).status).toBe(200);
    const part = await get(`files/${LOG}`, { range: 'bytes=4-', 'if-range': etag });
    expect([part.status, await part.text()]).toEqual([200, 'one\ntwo\n']);
  });

  test('is told about without its contents', async () => {
    const { get } = await finishedRun({ [LOG]: '0123456789' });
    const head = await get(`files/${LOG}`, {}, 'HEAD');
    expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '10', '']);
    const part = await get(`files/${LOG}`, { range: 'bytes=5-' }, 'HEAD');
    expect([part.status, part.headers.get('content-length')]).toEqual([206, '5']);
    expect((await get('files/none', {}, 'HEAD')).status).toBe(404);
  });

  test('may be empty', async () => {
    const { get } = await finishedRun({ [LOG]: '' });
    const response = await get(`files/${LOG}`);
    expect([response.status, response.headers.get('content-length'), await response.text()]).toEqual([
      200,
      '0',
      '',
    ]);
  });

  test.for([
    ['..', '403 PATH_ESCAPES'],
    ['../../../../etc/passwd', '403 PATH_ESCAPES'],
    ['%2e%2e/%2e%2e/secret', '403 PATH_ESCAPES'],
    ['%2e%2e%2fsecret', '403 PATH_ESCAPES'],
    ['..%2f..%2fsecret', '403 PATH_ESCAPES'],
    ['/etc/passwd', '403 PATH_ESCAPES'],
    ['%2fetc%2fpasswd', '403 PATH_ESCAPES'],
    ['a%00b', '403 PATH_ESCAPES'],
    ['tests/./01', '403 PATH_ESCAPES'],
    ['tests//01', '403 PATH_ESCAPES'],
    ['', '403 PATH_ESCAPES'],
    ['%252e%252e/secret', '404 NO_SUCH_FILE'],
    ['..%5c..%5csecret', '404 NO_SUCH_FILE'],
    ['tests', '404 NO_SUCH_FILE'],
    ['report.yaml/x', '404 NO_SUCH_FILE'],
    ['.master', '404 NO_SUCH_FILE'],
    [`${LOG}.idx`, '404 NO_SUCH_FILE'],
    [`${OUT}/out`, '403 PATH_ESCAPES'],
    [`${OUT}/dir/secret`, '403 PATH_ESCAPES'],
    [`${OUT}/fifo`, '404 NO_SUCH_FILE'],
    [`${OUT}/loop`, '404 NO_SUCH_FILE'],
    [`${OUT}/own`, '404 NO_SUCH_FILE'],
    ['x'.repeat(300), '404 NO_SUCH_FILE'],
  ])('is nothing else: %s', async ([path, expected]) => {
    const outside = await temporaryDirectory();
    await writeFile(join(outside, 'secret'), 'sesame');
    const { url, dir } = await finishedRun({ [`${LOG}.idx`]: 'x', '.master': 'x' });
    await writeFile(join(dir, '../secret'), 'sesame');
    await symlink(join(outside, 'secret'), join(dir, OUT, 'out'));
    await symlink(outside, join(dir, OUT, 'dir'));
    await symlink('loop', join(dir, OUT, 'loop'));
    await symlink(`../${LOG.split('/').at(-1)}.idx`, join(dir, OUT, 'own'));
    execFileSync('mkfifo', [join(dir, OUT, 'fifo')]);
    // As it is: a client like fetch would make another path of it first.
    const answer = await raw(url, requestText(`GET /api/v1/runs/1/files/${path}`));
    const [status, errorCode] = expected!.split(' ');
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} [^]*"code":"${errorCode}"`));
    expect(answer).not.toContain('sesame');
  });

  test('is found through a link that stays inside', async () => {
    const { get, dir } = await finishedRun({ [`${OUT}/data`]: 'inside' });
    await symlink('data', join(dir, OUT, 'link'));
    expect(await (await get(`files/${OUT}/link`)).text()).toBe('inside');
  });

  test('that ends before what was promised ends the connection, too', async () => {
    const { url, dir } = await finishedRun();
    await writeFile(join(dir, 'big'), '');
    await truncate(join(dir, 'big'), 50_000_000);
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.on('error', () => {});
    socket.write(requestText('GET /api/v1/runs/1/files/big', { connection: 'keep-alive' }));
    let came = 0;
    socket.on('data', (bytes: Buffer) => {
      came += bytes.byteLength;
    });
    await once(socket, 'data');
    socket.pause();
    await truncate(join(dir, 'big'), 1000);
    const closed = once(socket, 'close');
    socket.resume();
    await closed;
    expect(came).toBeLessThan(50_000_000);
  });

  test('whose reader goes away is closed', async () => {
    const { url, dir, gate, lab } = await finishedRun();
    await writeFile(join(dir, 'big'), '');
    await truncate(join(dir, 'big'), 1e9);
    const isOpen = () =>
      readdirSync('/proc/self/fd').some((fd) => {
        try {
          return readlinkSync(`/proc/self/fd/${fd}`) === join(dir, 'big');
        } catch {
          return false;
        }
      });
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.write(requestText('GET /api/v1/runs/1/files/big'));
    await once(socket, 'data');
    expect(isOpen()).toBe(true);
    socket.destroy();
    await eventually(() => gate.debugState().requests === 0 && !isOpen());
    expect(lab.clock.timers).toBe(0);
  });

  test('is not read faster than its reader takes it, who is cut off after a minute', async () => {
    const { url, dir, gate, lab } = await finishedRun();
    await writeFile(join(dir, 'big'), '');
    await truncate(join(dir, 'big'), 4e9);
    const before = process.memoryUsage().rss;
    const sockets = Array.from({ length: 8 }, () => {
      const socket = connect(Number(new URL(url).port), '127.0.0.1');
      socket.on('error', () => {});
      socket.write(requestText('GET /api/v1/runs/1/files/big'));
      // Nobody reads.
      socket.pause();
      return socket;
    });
    // Each has a piece that is not taken.
    await eventually(() => lab.clock.timers === sockets.length);
    expect(process.memoryUsage().rss - before).toBeLessThan(100e6);
    lab.clock.advance(59_000);
    expect(gate.debugState()).toEqual({ requests: sockets.length });
    await eventually(() => {
      lab.clock.advance(60_000);
      return gate.debugState().requests === 0;
    });
    for (const socket of sockets) socket.destroy();
  });
});
