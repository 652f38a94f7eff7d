import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { codeOf, finishedRun } from './finished-run.ts';

describe('a report', () => {
  test.for([
    ['', 'application/yaml; charset=utf-8', 'tutti: 1\nrun: 1\n'],
    ['?format=yaml', 'application/yaml; charset=utf-8', 'tutti: 1\nrun: 1\n'],
    ['?format=junit', 'application/xml; charset=utf-8', '<?xml'],
    ['?format=maloo', 'application/yaml; charset=utf-8', 'TestGroup:'],
    ['?format=html', 'text/html; charset=utf-8', '<!doctype html>'],
  ])('%s is %s', async ([query, type, begin]) => {
    const { get } = await finishedRun();
    const response = await get(`report${query}`);
    expect([response.status, response.headers.get('content-type')]).toEqual([200, type]);
    const text = await response.text();
    expect(text.slice(0, begin!.length)).toBe(begin);
    expect(response.headers.get('content-length')).toBe(`${Buffer.byteLength(text)}`);
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
  });

  test('for people may run its own script, as a stranger to the master', async () => {
    const { get } = await finishedRun();
    expect((await get('report?format=html')).headers.get('content-security-policy')).toBe(
      'sandbox allow-scripts',
    );
    expect((await get('report')).headers.get('content-security-policy')).toBe("default-src 'none'; sandbox");
  });

  test('that there is not yet is told so', async () => {
    const { get, dir } = await finishedRun();
    await rename(join(dir, 'junit.xml'), join(dir, 'moved.xml'));
    expect(await codeOf(await get('report?format=junit'))).toBe('404 NO_SUCH_REPORT');
  });

  test('that is replaced while it is read comes whole', async () => {
    const { get, dir, url } = await finishedRun();
    const old = 'x'.repeat(8_000_000);
    await writeFile(join(dir, 'report.yaml'), old);
    const response = await get('report');
    await writeFile(join(dir, 'next'), 'short');
    await rename(join(dir, 'next'), join(dir, 'report.yaml'));
    expect((await response.text()).length).toBe(old.length);
    expect(await (await get('report')).text()).toBe('short');
    expect(url).toContain('http://');
  });
});
