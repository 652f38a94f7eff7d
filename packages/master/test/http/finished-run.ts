/** A run that is finished, before the HTTP API. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { role, testSpec } from '../runs/a-test.ts';
import { apiLab } from './api-lab.ts';

const SPEC = { suite: 'suite', files: [], tests: [testSpec([role('client')])] };
export const OUT = 'tests/01-throughput/attempt-1/client.0/out';
export const LOG = 'tests/01-throughput/attempt-1/client.0/stdout.log';

/** It has number 1, and what a member left. */
export async function finishedRun(files: Record<string, string | Buffer> = {}) {
  const api = await apiLab();
  await api.lab.quick('n1');
  await api.submit(SPEC);
  const run = api.lab.runs.get(1);
  await run.finished;
  const { dir } = run.model;
  await mkdir(join(dir, OUT), { recursive: true });
  for (const [path, text] of Object.entries(files)) await writeFile(join(dir, path), text);
  const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
    api.ask(`/api/v1/runs/1/${path}`, { headers, method });
  return { ...api, dir, get };
}

/** Status and code of a refusal. */
export const codeOf = async (response: Response) =>
  `${response.status} ${((await response.json()) as { error: { code: string } }).error.code}`;
