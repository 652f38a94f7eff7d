/**
 * The HTTP API with a real master and real agents, asked by a client that a library made from the OpenAPI document that the
 * master serves: a run from its files to its artifacts, and logs while it goes on.
 */
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Report } from '@tutti/protocol';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { HttpClient } from './support/http-client.ts';
import { CLIENT, eventsOf, SERVER, submit } from './support/http-runs.ts';
import { agentsOf } from './support/pool.ts';
import { repository, startMaster, temporaryDirectory } from './support/tutti.ts';

test('a run by HTTP alone: staged, submitted, followed, its report, logs and artifacts read', async () => {
  const master = await startMaster();
  await agentsOf(master, 2);
  const client = await HttpClient.of(master);
  expect(await new Validator().validate(structuredClone(client.document))).toMatchObject({ valid: true });
  const published = JSON.parse(readFileSync(join(repository, 'docs/schema/openapi.json'), 'utf8')) as object;
  expect({ ...client.document, 'x-comment': expect.any(String) }).toEqual(published);

  const run = await submit(client, 'traffic', [SERVER, CLIENT]);
  const events = await eventsOf(client, run);
  const last = events.at(-1)!;
  expect(last).toMatchObject({
    id: 'finished',
    event: 'run.changed',
    data: { phase: 'finished', status: 'PASS' },
  });
  expect(events.filter(({ event }) => event === 'test.changed').at(-1)?.data.test).toMatchObject({
    name: 'traffic',
    state: 'ended',
  });

  const report = Report.parse(parse(await client.do<string>('run.report', undefined, { run })));
  expect(report).toMatchObject({ status: 'PASS', suite: 'by-http' });
  expect(report.tests[0]!.attempts.at(-1)!.subtests).toMatchObject([
    { name: 'throughput', member: 'client.0' },
  ]);
  for (const [format, begin] of [
    ['junit', '<?xml'],
    ['maloo', 'TestGroup:'],
    ['html', '<!doctype html>'],
  ])
    expect(await client.do<string>('run.report', undefined, { run, format })).toContain(begin);

  const { files } = await client.do<{ files: { path: string; size: number }[] }>('run.files', undefined, {
    run,
  });
  const paths = files.map(({ path }) => path);
  const find = (end: string) => paths.find((path) => path.endsWith(end))!;
  expect(paths).toEqual(
    expect.arrayContaining(['report.yaml', find('client.0/stdout.log'), find('out/data')]),
  );
  expect(paths.filter((path) => path.endsWith('.idx'))).toEqual([]);
  const log = find('client.0/stdout.log');
  expect(await client.do<string>('run.file', undefined, { run, path: log })).toBe('connected\n');
  const part = await client.ask('run.file', { run, path: log }, undefined, { range: 'bytes=3-8' });
  expect([part.status, part.text, part.headers['content-range']]).toEqual([206, 'nected', 'bytes 3-8/10']);
  const head = await client.ask('run.file.head', { run, path: log });
  expect([head.status, head.headers['content-length'], head.text]).toEqual([200, '10', '']);
  const page = await client.ask('run.file', { run, path: find('out/page.html') });
  expect(page.headers['content-type']).toBe('application/octet-stream');
  expect(page.headers['content-disposition']).toContain('attachment');
  const raw = await fetch(`${client.url}/api/v1/runs/${run}/files/${find('out/data')}`, {
    headers: { authorization: `Bearer ${client.token}` },
  });
  expect(Buffer.from(await raw.arrayBuffer()).equals(Buffer.from('\0\xffbinary', 'latin1'))).toBe(true);

  const text = await client.do<string>('run.logs', undefined, { run });
  expect(text.split('\n').toSorted()).toEqual([
    '',
    'client.0 | connected',
    'client.0 | trouble',
    'server.0 | serving',
  ]);
  const lines = await client.do<string>('run.logs', undefined, {
    run,
    member: 'client',
    source: ['stderr'],
    format: 'ndjson',
  });
  expect(JSON.parse(lines)).toMatchObject({ run, member: 'client.0', source: 'stderr', line: 'trouble' });
  expect(client.problems).toEqual([]);
});

test('logs are followed live, from before there are any, and end with the run', async () => {
  const master = await startMaster();
  await agentsOf(master, 2);
  const client = await HttpClient.of(master);
  const go = join(await temporaryDirectory(), 'go');
  const script = {
    path: 'say.sh',
    text: `#!/bin/sh\necho first\nuntil [ -e ${go} ]; do sleep 0.05; done\necho second\n`,
  };
  const run = await submit(client, 'live', [script, { ...script, path: 'too.sh' }]);
  const response = await fetch(`${client.url}/api/v1/runs/${run}/logs?follow=true&member=client`, {
    headers: { authorization: `Bearer ${client.token}` },
  });
  let text = '';
  const decoder = new TextDecoder();
  for await (const bytes of response.body as AsyncIterable<Uint8Array>) {
    text += decoder.decode(bytes, { stream: true });
    // It came while the script still runs.
    if (text === 'client.0 | first\n') await writeFile(go, '');
  }
  expect(text).toBe('client.0 | first\nclient.0 | second\n');
});
