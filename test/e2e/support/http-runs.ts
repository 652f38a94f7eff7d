/** Runs submitted and followed by HTTP, as any program could: by nothing but what the OpenAPI document says. */
import { createHash, randomBytes } from 'node:crypto';
import { expect } from 'vitest';
import type { HttpClient } from './http-client.ts';

export const newId = () => randomBytes(16).toString('hex');

interface File {
  path: string;
  text: string;
  mode?: number;
}

/** Stages files and the spec of a run of two roles, as any program could: by nothing but what the document says. */
export async function submit(
  client: HttpClient,
  name: string,
  files: File[],
  more: object = {},
  /** Of the run's spec. */
  ofSpec: object = {},
): Promise<number> {
  const blobs = files.map(({ text }) => {
    const bytes = Buffer.from(text);
    return { digest: createHash('sha256').update(bytes).digest('hex'), size: bytes.byteLength, bytes };
  });
  const role = (each: string, script: string) => ({
    ...{ name: each, count: 1, params: {}, env: {}, essential: true },
    script: { kind: 'staged', path: script },
  });
  const roles = [role('server', files[0]!.path), role('client', files.at(-1)!.path)];
  const testSpec = { name, timeout: 60, linger: 10, grace: 30, params: {}, roles };
  const spec = Buffer.from(
    JSON.stringify({
      suite: 'by-http',
      ...ofSpec,
      tests: [testSpec],
      files: files.map(({ path, mode = 0o755 }, at) => ({
        ...{ kind: 'file', path, mode },
        ...{ digest: blobs[at]!.digest, size: blobs[at]!.size },
      })),
    }),
  );
  const blob = { digest: createHash('sha256').update(spec).digest('hex'), size: spec.byteLength };
  const all = [...blobs, { ...blob, bytes: spec }];
  const { missing } = await client.do<{ missing: number[] }>('blob.missing', {
    blobs: all.map(({ digest, size }) => ({ digest, size })),
  });
  for (const at of missing) {
    const { digest, bytes } = all[at]!;
    await client.do('blob.put', bytes, { digest }, { 'content-type': 'application/octet-stream' });
  }
  const asked = { id: newId(), spec: blob, owned: false, ...more };
  const { run } = await client.do<{ run: number }>('run.submit', asked);
  // Asked again, as after a lost answer, it is the same run.
  expect(await client.do('run.submit', asked)).toEqual({ run });
  return run;
}

interface RunEvent {
  id?: string;
  event: string;
  data: { phase?: string; status?: string; test?: { name: string; state: string } };
}

/** All events of a run, to its end: nothing is asked again and again. */
export async function eventsOf({ url, token }: HttpClient, run: number): Promise<RunEvent[]> {
  const response = await fetch(`${url}/api/v1/runs/${run}/events`, {
    headers: { authorization: `Bearer ${token}` },
  });
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
  return (await response.text())
    .split('\n\n')
    .filter((each) => each.includes('event: '))
    .map((each) => {
      const fields = Object.fromEntries(each.split('\n').map((line) => line.split(/: (.*)/s, 2))) as Record<
        string,
        string
      >;
      return {
        event: fields['event']!,
        data: JSON.parse(fields['data']!) as RunEvent['data'],
        ...(fields['id'] === undefined ? {} : { id: fields['id'] }),
      };
    });
}

export const SERVER = {
  path: 'server.sh',
  text: '#!/bin/sh\necho serving\ntutti barrier ready\nprintf "\\000\\377binary" >"$TUTTI_OUT/data"\necho "<script>alert(1)</script>" >"$TUTTI_OUT/page.html"\n',
};
export const CLIENT = {
  path: 'bin/client.sh',
  text: '#!/bin/sh\ntutti barrier ready\necho connected\necho trouble >&2\ntutti result throughput pass --measure 941 --unit Mbit/s\n',
};
export const FAILING = { path: 'fail.sh', text: '#!/bin/sh\nexit 1\n' };
export const WAITING = { path: 'wait.sh', text: '#!/bin/sh\nsleep 600\n' };
