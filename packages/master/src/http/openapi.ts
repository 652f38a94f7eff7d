/**
 * The OpenAPI 3.1 document of the HTTP API, from the catalogue and the table of routes. Pure, and the same every time: what it
 * says of a call is what the catalogue says.
 */

import * as protocol from '@tutti/protocol';
import { type CallEntry, ERROR_CODES, events, LogLine, PROTOCOL, RunSpec } from '@tutti/protocol';
import * as z from 'zod';
import { httpCalls } from './http-calls.ts';
import { type RouteEntry, routes } from './routes.ts';

type Schema = Record<string, unknown>;
type Document = Record<string, unknown>;
type Names = z.core.$ZodRegistry<{ id: string }>;
/** To a schema by its name. */
type Ref = (schema: z.ZodType) => Schema;

const PREFIX = '#/components/schemas/';

const DESCRIPTION = `\
Everything that a client can ask of a Tutti master. Each call of the protocol is a \`POST\` of its parameters as JSON; reports,
logs and files of runs are \`GET\`s. Every request but those of health carries \`Authorization: Bearer TOKEN\`.

What went wrong is said by an answer of status 4xx or 5xx with an \`Error\`. Fields that are not known are ignored in bodies and to
be ignored in answers: a newer minor version may add some.`;

const ERROR_CODE = 'one of the codes of docs/errors.md; a newer master may have others';

const Failure = z.object({
  error: z.object({
    code: z
      .string()
      .regex(/^[A-Z_]+$/)
      .describe(ERROR_CODE)
      .meta({ examples: [ERROR_CODES[0]] }),
    message: z.string().describe('what happened, to which thing'),
    details: z.record(z.string(), z.unknown()).optional(),
  }),
});

export function openApiDocument(): Document {
  const names = schemaNames();
  const refTo: Ref = (schema) => ref(names.get(schema)?.id ?? '');
  const paths = { ...callPaths(refTo), ...routePaths(refTo), ...healthPaths() };
  return {
    openapi: '3.1.1',
    info: {
      title: 'Tutti master',
      version: `${PROTOCOL.major}.${PROTOCOL.minor}`,
      description: DESCRIPTION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/', description: 'this master' }],
    security: [{ bearer: [] }],
    tags: [
      { name: 'calls', description: 'The calls of the protocol.' },
      { name: 'runs', description: 'What there is of a run: report, files, logs, events.' },
      { name: 'files', description: 'Files for runs to come, by their digest; and this document.' },
      { name: 'health', description: 'For what watches the master. No token is asked for.' },
    ],
    paths,
    components: {
      schemas: componentSchemas(names, paths),
      responses: { error: { description: 'It could not be done.', content: json(ref('Error')) } },
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'The contents of `admin.token`.' },
      },
    },
  };
}

function callPaths(refTo: Ref): Document {
  return Object.fromEntries(
    [...httpCalls].map(([name, entry]) => [
      `/api/v1/call/${name}`,
      {
        post: {
          operationId: name,
          tags: ['calls'],
          summary: firstSentence(entry.doc),
          description: `${entry.doc}\n\n${repetition(entry)}`,
          'x-idempotent': entry.idempotent,
          requestBody: {
            required: !z.safeParse(entry.params, {}).success,
            content: json(refTo(entry.params)),
          },
          responses: { 200: { description: 'Done.', content: json(refTo(entry.result)) }, ...failures() },
        },
      },
    ]),
  );
}

function repetition({ idempotent, endsWithCaller = false }: CallEntry): string {
  const again = idempotent ? 'Asking again does no harm.' : 'Not to be repeated when its answer was lost.';
  return endsWithCaller
    ? `If the client goes away meanwhile, the wait is given up. ${again}`
    : `If the client goes away meanwhile, it is carried through all the same. ${again}`;
}

function routePaths(refTo: Ref): Document {
  const paths: Record<string, Document> = {};
  for (const [name, entry] of Object.entries(routes) as [string, RouteEntry][]) {
    const operation = operationOf(name, entry, refTo);
    const head = entry.head ? { head: { ...operation, operationId: `${name}.head` } } : {};
    paths[entry.path] = { ...paths[entry.path], [entry.method.toLowerCase()]: operation, ...head };
  }
  return paths;
}

function operationOf(name: string, entry: RouteEntry, refTo: Ref): Document {
  const body =
    entry.method === 'PUT'
      ? {
          requestBody: {
            required: true,
            content: { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } },
          },
        }
      : {};
  return {
    operationId: name,
    tags: [entry.path.startsWith('/api/v1/runs/') ? 'runs' : 'files'],
    summary: firstSentence(entry.doc),
    description: entry.doc,
    parameters: [
      ...parameters('path', entry.params),
      ...parameters('query', entry.query),
      ...(entry.file ? FILE_HEADERS : []),
    ],
    ...body,
    responses: {
      200: answer(entry, refTo),
      ...(entry.file ? FILE_ANSWERS : {}),
      ...others(entry),
      ...failures(),
    },
  };
}

const FILE_HEADERS = [
  { name: 'Range', in: 'header', schema: { type: 'string' }, description: 'one part of it: `bytes=100-199`' },
  {
    name: 'If-None-Match',
    in: 'header',
    schema: { type: 'string' },
    description: 'the `ETag` that is there',
  },
];

const FILE_ANSWERS = {
  206: {
    description: 'The part that was asked for.',
    headers: { 'Content-Range': { schema: { type: 'string' } } },
    content: { '*/*': {} },
  },
  304: { description: 'It has not changed.' },
  416: {
    description: 'It ends before the part begins; `Content-Range` says where.',
    headers: { 'Content-Range': { schema: { type: 'string' } } },
    content: json(ref('Error')),
  },
};

function answer({ content, file }: RouteEntry, refTo: Ref): Document {
  const entries = Object.entries(content).map(([type, schema]) => [
    type,
    schema === undefined ? {} : { schema: refTo(schema) },
  ]);
  const headers = file
    ? { headers: { ETag: { schema: { type: 'string' } }, 'Accept-Ranges': { schema: { type: 'string' } } } }
    : {};
  return { description: 'Here it is.', ...headers, content: Object.fromEntries(entries) };
}

function others({ others: answers = {} }: RouteEntry): Document {
  return Object.fromEntries(
    Object.entries(answers).map(([status, description]) => [status, { description }]),
  );
}

function healthPaths(): Document {
  const text = { 'text/plain': { schema: { type: 'string' } } };
  const health = (name: string, doc: string, more: Document = {}) => ({
    get: {
      operationId: name,
      tags: ['health'],
      summary: doc,
      security: [],
      responses: { 200: { description: '`ok`', content: text }, ...more },
    },
  });
  return {
    '/healthz': health('healthz', 'The master lives.', { default: { description: 'It does not.' } }),
    '/readyz': health('readyz', 'The master takes new runs.', {
      503: { description: 'Why not, in a sentence.', content: text },
    }),
  };
}

function failures(): Document {
  const error = { $ref: '#/components/responses/error' };
  return { 400: error, 401: error, default: error };
}

function parameters(where: 'path' | 'query', schema: z.ZodObject): Document[] {
  const { properties = {}, required = [] } = jsonSchema(schema) as {
    properties?: Record<string, Schema>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    name,
    in: where,
    required: where === 'path' || required.includes(name),
    ...(description === undefined ? {} : { description }),
    schema: rest,
  }));
}

function jsonSchema(schema: z.ZodType): Schema {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'output', unrepresentable: 'any' });
  return rest;
}

/** Every schema has one: those of the protocol the name under which it has them, the others that of their call. */
function schemaNames(): Names {
  const names = z.registry<{ id: string }>();
  const add = (schema: z.ZodType, id: string) => {
    if (!names.has(schema)) names.add(schema, { id });
  };
  for (const [name, value] of Object.entries(protocol)) if (value instanceof z.ZodType) add(value, name);
  add(Failure, 'Error');
  for (const name of ['test.changed', 'run.changed'] as const) add(events[name].params, name);
  for (const [name, { params, result }] of httpCalls) {
    add(params, `${name}.params`);
    add(result, `${name}.result`);
  }
  for (const [name, { content }] of Object.entries(routes) as [string, RouteEntry][])
    for (const schema of Object.values(content)) if (schema !== undefined) add(schema, `${name}.result`);
  return names;
}

/** Those that the paths refer to, what these are made of, and what else is sent: lines of logs, events, the spec of a run. */
function componentSchemas(names: Names, paths: Document): Record<string, Schema> {
  const { schemas } = z.toJSONSchema(names, {
    io: 'input',
    unrepresentable: 'any',
    uri: (id) => `${PREFIX}${id}`,
  });
  const wanted = new Set<string>();
  const visit = (name: string) => {
    if (wanted.has(name)) return;
    wanted.add(name);
    for (const each of referred(schemas[name])) visit(each);
  };
  const also = [Failure, LogLine, RunSpec, events['test.changed'].params, events['run.changed'].params];
  for (const name of [...referred(paths), ...also.map((schema) => names.get(schema)?.id ?? '')]) visit(name);
  return Object.fromEntries(
    [...wanted].toSorted().map((name) => {
      const { $schema: _, $id: __, ...schema } = schemas[name] as Schema;
      return [name, schema];
    }),
  );
}

/** The names of schemas that a part of the document refers to. */
function referred(part: unknown): string[] {
  if (typeof part !== 'object' || part === null) return [];
  return Object.entries(part).flatMap(([key, value]) =>
    key === '$ref' && typeof value === 'string' && value.startsWith(PREFIX)
      ? [value.slice(PREFIX.length)]
      : referred(value),
  );
}

function ref(name: string): Schema {
  return { $ref: `${PREFIX}${name}` };
}

function json(schema: Schema): Document {
  return { 'application/json': { schema } };
}

function firstSentence(text: string): string {
  return text.split(/(?<=[.:;])\s/)[0]?.replace(/[:;]$/, '.') ?? text;
}
