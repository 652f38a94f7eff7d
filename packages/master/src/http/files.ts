/**
 * Files as answers: whole, a part, or only that they have not changed. Nothing of them is a page of this master's: what
 * members left cannot script the browser of who looks at it.
 */
import type { FileHandle } from 'node:fs/promises';
import { basename } from 'node:path';
import { REPORT_FILES, TuttiError } from '@tutti/protocol';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Version, wantedOf } from './byte-range.ts';
import { REPORT_TYPES } from './report-types.ts';
import { type SendDeps, sendPieces, whenGone } from './streaming.ts';

const PIECE = 64 * 1024;
const TEXT = 'text/plain; charset=utf-8';
const BYTES = 'application/octet-stream';

const LOG = /^(?:stdout|stderr)(?:\.\d+)?\.log$/;

export interface OpenFile {
  readonly file: FileHandle;
  readonly size: number;
  readonly version: Version;
}

export async function sendRunFile(
  request: FastifyRequest,
  reply: FastifyReply,
  { file, size, version }: OpenFile,
  path: string,
  deps: SendDeps,
): Promise<FastifyReply> {
  const { headers, method } = request;
  // Also when nothing of it is read any more.
  whenGone(reply, () => file.close());
  const wanted = wantedOf(
    {
      range: headers.range,
      ifRange: single(headers['if-range']),
      ifNoneMatch: headers['if-none-match'],
      ifModifiedSince: headers['if-modified-since'],
    },
    size,
    version,
  );
  reply.headers({
    'accept-ranges': 'bytes',
    etag: version.etag,
    'last-modified': new Date(version.modified).toUTCString(),
    // It may be asked whether it has changed.
    'cache-control': 'no-cache',
    ...kindOf(path),
  });
  if (wanted.kind === 'part' || wanted.kind === 'whole') {
    const { start, end } = wanted.kind === 'part' ? wanted.range : { start: 0, end: size };
    if (wanted.kind === 'part') reply.code(206).header('content-range', `bytes ${start}-${end - 1}/${size}`);
    reply.header('content-length', end - start);
    if (method !== 'HEAD') return sendPieces(reply, piecesOf(file, start, end), deps);
  }
  if (wanted.kind === 'unchanged') return reply.removeHeader('content-type').code(304).send();
  if (wanted.kind === 'beyond') {
    reply.header('content-range', `bytes */${size}`);
    throw new TuttiError('BAD_RANGE', `${path} has ${size} bytes, and ${headers.range} begins behind them`);
  }
  return reply.send();
}

/** What a browser may make of it. */
function kindOf(path: string): Record<string, string> {
  const name = basename(path);
  const type = Object.hasOwn(REPORT_TYPES, path)
    ? REPORT_TYPES[path as keyof typeof REPORT_TYPES]
    : LOG.test(name) && !path.includes('/out/')
      ? TEXT
      : BYTES;
  // The report's own script may run, as that of a stranger: it has no address, and reaches nothing.
  const policy = path === REPORT_FILES.html ? 'sandbox allow-scripts' : "default-src 'none'; sandbox";
  return {
    'content-type': type,
    'content-security-policy': policy,
    ...(type === BYTES
      ? { 'content-disposition': `attachment; filename*=UTF-8''${percentEncoded(name)}` }
      : {}),
  };
}

/** RFC 8187: what `encodeURIComponent` leaves and the header may not have is encoded too. */
function percentEncoded(name: string): string {
  return encodeURIComponent(name.toWellFormed()).replaceAll(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

async function* piecesOf(file: FileHandle, start: number, end: number): AsyncGenerator<Uint8Array> {
  for (let at = start; at < end; ) {
    const length = Math.min(PIECE, end - at);
    // Another buffer for each: the one before it may still be on its way.
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafeSlow(length), 0, length, at);
    // The reader was promised more: it is told by the connection's end.
    if (bytesRead === 0) throw new Error(`a file of a run ended at ${at} of ${end} bytes`);
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

function single(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}
