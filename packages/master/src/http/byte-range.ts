/**
 * Which part of a file a request asks for, and whether it has it already: `Range`, `If-Range`, `If-None-Match` and
 * `If-Modified-Since` of RFC 9110. Pure. A range of another unit, or several ranges, may be answered by the whole, and are.
 */

export interface Range {
  /** The first byte, and the one behind the last. */
  readonly start: number;
  readonly end: number;
}

export interface Version {
  /** With its quotes; strong. */
  readonly etag: string;
  /** Unix ms. */
  readonly modified: number;
}

export interface Conditions {
  readonly range?: string | undefined;
  readonly ifRange?: string | undefined;
  readonly ifNoneMatch?: string | undefined;
  readonly ifModifiedSince?: string | undefined;
}

export type Wanted =
  | { readonly kind: 'whole' }
  | { readonly kind: 'part'; readonly range: Range }
  /** It begins behind the end. */
  | { readonly kind: 'beyond' }
  | { readonly kind: 'unchanged' };

export function wantedOf(conditions: Conditions, size: number, version: Version): Wanted {
  if (isUnchanged(conditions, version)) return { kind: 'unchanged' };
  const { range, ifRange } = conditions;
  if (range === undefined || (ifRange !== undefined && !isStill(ifRange, version))) return { kind: 'whole' };
  return partOf(range, size);
}

function isUnchanged({ ifNoneMatch, ifModifiedSince }: Conditions, { etag, modified }: Version): boolean {
  if (ifNoneMatch !== undefined)
    return (
      ifNoneMatch.trim() === '*' ||
      ifNoneMatch.split(',').some((each) => each.trim().replace(/^W\//, '') === etag)
    );
  const since = ifModifiedSince === undefined ? Number.NaN : Date.parse(ifModifiedSince);
  return toSeconds(modified) <= toSeconds(since);
}

/** A weak tag does not do for a part; a time is no proof unless it is the very one. */
function isStill(ifRange: string, { etag, modified }: Version): boolean {
  return ifRange.startsWith('"') ? ifRange === etag : toSeconds(Date.parse(ifRange)) === toSeconds(modified);
}

function partOf(header: string, size: number): Wanted {
  const match = /^bytes=\s*(\d*)-(\d*)\s*$/i.exec(header);
  const [, first = '', last = ''] = match ?? [];
  if (match === null || (first === '' && last === '')) return { kind: 'whole' };
  if (first === '') {
    const length = Math.min(Number(last), size);
    return length === 0 ? { kind: 'beyond' } : { kind: 'part', range: { start: size - length, end: size } };
  }
  const start = Number(first);
  // It makes no sense, so it counts as none.
  if (last !== '' && Number(last) < start) return { kind: 'whole' };
  if (start >= size) return { kind: 'beyond' };
  return { kind: 'part', range: { start, end: last === '' ? size : Math.min(Number(last) + 1, size) } };
}

/** HTTP dates have no more. */
function toSeconds(ms: number): number {
  return Math.floor(ms / 1000);
}
