/**
 * What the master answers over HTTP besides the calls of the catalogue, in one table: paths, what may be asked, what comes. The
 * handlers, the checks of what comes in, and the OpenAPI document derive from it.
 */
import {
  Blob,
  Digest,
  LIMITS,
  LogName,
  REPORT_FILES,
  type ReportFormat,
  RunNumber,
  TreePath,
} from '@tutti/protocol';
import * as z from 'zod';
import { REPORT_TYPES } from './report-types.ts';

/** What comes with a status: of each content type its schema, or none where it is bytes. */
type Content = Readonly<Record<string, z.ZodType | undefined>>;

export interface RouteEntry<P extends z.ZodObject = z.ZodObject, Q extends z.ZodObject = z.ZodObject> {
  readonly method: 'GET' | 'PUT';
  /** As OpenAPI writes it; `{path}` at its end takes all that follows. */
  readonly path: string;
  readonly params: P;
  /** Strict: it is written by people. */
  readonly query: Q;
  /** Of the answer 200. */
  readonly content: Content;
  /** Other answers that are no errors, with what they mean. */
  readonly others?: Readonly<Record<number, string>>;
  /** Also by HEAD. */
  readonly head?: boolean;
  /** It is a file: it can be asked for in part, and whether it has changed. */
  readonly file?: boolean;
  readonly doc: string;
}

function route<P extends z.ZodObject, Q extends z.ZodObject>(entry: RouteEntry<P, Q>): RouteEntry<P, Q> {
  return entry;
}

/** Numbers and the like, from the text of a path or query. */
const whole = z
  .string()
  .regex(/^\d{1,15}$/, 'must be a whole number')
  .transform(Number);
const number = z
  .string()
  .regex(/^\d{1,15}(\.\d{1,9})?$/, 'must be a number')
  .transform(Number)
  .pipe(z.number());
const flag = z
  .enum(['true', 'false'], 'must be true or false')
  .transform((text) => text === 'true')
  .pipe(z.boolean());

const Run = z.object({ run: whole.pipe(RunNumber).describe('its number') });
const Nothing = z.strictObject({});
const Source = LogName.shape.source;

const formats = Object.keys(REPORT_FILES) as [ReportFormat, ...ReportFormat[]];

export const FilePage = z.object({
  files: z.array(
    z.object({
      path: z.string(),
      size: z.number().int().nonnegative(),
      /** Unix ms. */
      modified: z.number(),
      /** Of a symbolic link: what it holds. */
      link: z.string().optional(),
    }),
  ),
  more: z.boolean(),
});
export type FilePage = z.infer<typeof FilePage>;

/** A report in any format. */
const reportContent: Content = Object.fromEntries(
  Object.values(REPORT_TYPES).map((type) => [type, undefined]),
);

export const routes = {
  openapi: route({
    method: 'GET',
    path: '/api/v1/openapi.json',
    params: Nothing,
    query: Nothing,
    content: { 'application/json': z.looseObject({ openapi: z.string() }) },
    head: true,
    doc: 'This document.',
  }),
  'blob.put': route({
    method: 'PUT',
    path: '/api/v1/blobs/{digest}',
    params: z.object({ digest: Digest.describe('SHA-256 of the body, in lower-case hex digits') }),
    query: Nothing,
    content: { 'application/json': Blob },
    doc: `Stages a file: the body is its bytes, with \`Content-Length\`, at most ${LIMITS.httpBlob.value / 1024 ** 2} MiB. Ask \`blob.missing\` first which files the master lacks. A \`RunSpec\` is staged in the same way, as JSON, before \`run.submit\` names it. Sending a file again does no harm; one that broke off is sent again from its beginning.`,
  }),
  'blob.get': route({
    method: 'GET',
    path: '/api/v1/blobs/{digest}',
    params: z.object({ digest: Digest }),
    query: Nothing,
    content: { 'application/octet-stream': undefined },
    head: true,
    file: true,
    doc: 'A file that was staged, or that a machine gave to a call, for as long as the master keeps it.',
  }),
  'run.report': route({
    method: 'GET',
    path: '/api/v1/runs/{run}/report',
    params: Run,
    query: z.strictObject({ format: z.enum(formats).optional().describe('default: yaml') }),
    content: reportContent,
    head: true,
    file: true,
    doc: 'The report, as it is now: while the run goes on it is one of RUNNING, always whole.',
  }),
  'run.files': route({
    method: 'GET',
    path: '/api/v1/runs/{run}/files',
    params: Run,
    query: z.strictObject({ after: TreePath.optional().describe('goes on behind this path') }),
    content: { 'application/json': FilePage },
    doc: 'The files of the run that the master has by now, logs and artifacts too, in the order of their paths, a page at a time: `more` says that there are some behind the last.',
  }),
  'run.file': route({
    method: 'GET',
    path: '/api/v1/runs/{run}/files/{path}',
    params: Run.extend({ path: z.string().max(4096).describe('as in the list of files, slashes and all') }),
    query: Nothing,
    content: {
      'application/octet-stream': undefined,
      'text/plain; charset=utf-8': undefined,
      ...reportContent,
    },
    head: true,
    file: true,
    doc: 'One file of the run, as it is now. Logs grow while the run goes on. What members left in `$TUTTI_OUT` comes as an attachment: it is for no browser to show.',
  }),
  'run.logs': route({
    method: 'GET',
    path: '/api/v1/runs/{run}/logs',
    params: Run,
    query: z.strictObject({
      test: z.string().max(LIMITS.name.value).optional().describe('a test by name or glob; default: all'),
      member: z
        .string()
        .max(LIMITS.name.value)
        .optional()
        .describe('a member, a role, or a glob; default: all'),
      source: z
        .union([Source.transform((one) => [one]), z.array(Source).min(1).max(8)], 'must be stdout or stderr')
        .pipe(z.array(Source))
        .optional()
        .describe('default: both'),
      follow: flag.optional().describe('goes on until the run is finished'),
      since: number
        .optional()
        .describe('lines that were complete at this time (Unix ms, master time) or later'),
      ago: number.optional().describe('the same, as seconds before now'),
      format: z
        .enum(['text', 'ndjson'])
        .optional()
        .describe('default: text, each line with its member before it; ndjson: one `LogLine` in each line'),
    }),
    content: { 'text/plain; charset=utf-8': undefined, 'application/x-ndjson': undefined },
    doc: 'What members have written, line by line, in the order of time. The connection ends with the last line.',
  }),
  'run.events': route({
    method: 'GET',
    path: '/api/v1/runs/{run}/events',
    params: Run,
    query: Nothing,
    content: { 'text/event-stream': undefined },
    others: { 204: 'It had been told all: the request had `Last-Event-ID: finished`.' },
    doc: 'The run as server-sent events. First all of it as it is, then what changes: `test.changed` with data as in the schema of that name, `run.changed` with a `RunHead`; a reader that is slow misses states between, never the last. With the last event, of the id `finished`, the connection ends. A client that lost its connection asks again and begins with all of it, as it is then.',
  }),
} satisfies Record<string, RouteEntry>;

export type RouteName = keyof typeof routes;
export type RouteParams<K extends RouteName> = z.infer<(typeof routes)[K]['params']>;
export type RouteQuery<K extends RouteName> = z.infer<(typeof routes)[K]['query']>;
