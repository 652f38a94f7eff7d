import { Validator } from '@seriousme/openapi-schema-validator';
import { type CallEntry, calls, REPORT_FILES } from '@tutti/protocol';
import { expect, test } from 'vitest';
import { httpCall, httpCalls } from '../../src/http/http-calls.ts';
import { openApiDocument } from '../../src/http/openapi.ts';
import { routes } from '../../src/http/routes.ts';
import { Contract } from './contract.ts';

const document = openApiDocument();
const operations = new Contract(document).operations();

test('the document is one of OpenAPI 3.1, by a validator that is not ours', async () => {
  expect(await new Validator().validate(structuredClone(document))).toMatchObject({ valid: true });
});

test('a document that is none is refused by that validator', async () => {
  const spoilt = { ...structuredClone(document), paths: { 'no-slash': {} } };
  expect(await new Validator().validate(spoilt)).toMatchObject({ valid: false });
});

test('it is the same every time', () => {
  expect(JSON.stringify(openApiDocument())).toBe(JSON.stringify(document));
});

test('it has every call of a client that is a question and an answer, and every route', () => {
  const byPost = (Object.entries(calls) as [string, CallEntry][])
    .filter(
      ([name, { directions, http }]) =>
        directions.includes('client→master') && http === undefined && !name.startsWith('stream.'),
    )
    .map(([name]) => name);
  expect(byPost.length).toBeGreaterThan(10);
  expect([...operations.keys()].filter((id) => !id.endsWith('.head')).toSorted()).toEqual(
    [...byPost, ...Object.keys(routes), 'healthz', 'readyz'].toSorted(),
  );
  for (const [name, { http }] of Object.entries(calls) as [string, CallEntry][])
    if (http !== undefined && !http.startsWith('none, '))
      expect(
        Object.values(routes).map(({ method, path }) => `${method} ${path}`),
        name,
      ).toContain(http);
});

test('every schema that it refers to is there, and every one that is there is referred to or sent', () => {
  const text = JSON.stringify(document);
  const { schemas } = document['components'] as { schemas: Record<string, unknown> };
  const referred = new Set([...text.matchAll(/#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name!));
  const sent = ['LogLine', 'RunHead', 'RunSpec', 'test.changed'];
  expect(Object.keys(schemas).toSorted()).toEqual([...new Set([...referred, ...sent])].toSorted());
});

test('every parameter of a path is declared, and says what it is', () => {
  for (const [id, { path, operation }] of operations) {
    const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    const declared = (operation['parameters'] ?? []) as { name: string; in: string; schema: object }[];
    expect(
      declared.filter((each) => each.in === 'path').map(({ name }) => name),
      id,
    ).toEqual(names);
    for (const { schema } of declared) expect(Object.keys(schema), id).not.toEqual([]);
  }
});

test('it says of each call what becomes of it when its client goes away', () => {
  for (const [name, entry] of httpCalls) {
    const { description } = operations.get(name)!.operation as { description: string };
    expect(description, name).toContain(
      entry.endsWithCaller ? 'the wait is given up' : 'it is carried through all the same',
    );
  }
});

test('it has the formats of reports', () => {
  const { parameters } = operations.get('run.report')!.operation as { parameters: { schema: unknown }[] };
  expect(parameters.map(({ schema }) => schema)).toContainEqual({
    type: 'string',
    enum: Object.keys(REPORT_FILES),
  });
});

test('what is no call is refused, with what it may be', () => {
  expect(() => httpCall('node.list')).toThrow('unknown call "node.list"; did you mean nodes.list?');
  expect(() => httpCall('x'.repeat(5000))).toThrow(`unknown call "${'x'.repeat(128)}"`);
  for (const name of ['constructor', '__proto__', 'stream.open', 'hello', 'member.start'])
    expect(() => httpCall(name), name).toThrow('unknown call');
  expect(() => httpCall('run.report')).toThrow(
    'run.report works by a session; over HTTP it is GET /api/v1/runs/{run}/report',
  );
});
