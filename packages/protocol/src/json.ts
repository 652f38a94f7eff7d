/** JSON values as they travel in keys and barrier data. */
import * as z from 'zod';
import { LIMITS } from './limits.ts';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** True for what JSON can say: no undefined, no bytes, no dates, no infinities, nesting bounded. */
export function isJson(value: unknown, depth: number = LIMITS.depth.value): value is Json {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || depth === 0) return false;
  // Not `every` of the array itself: it skips holes, which JSON turns into null.
  if (Array.isArray(value)) return Array.from<unknown>(value).every((item) => isJson(item, depth - 1));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  return Object.values(value).every((item) => isJson(item, depth - 1));
}

export const JsonValue = z.custom<Json>((value) => isJson(value), 'not a JSON value');

/** Bytes of a value as JSON text in UTF-8: the measure of every limit on values. */
export function jsonSize(value: Json): number {
  return new TextEncoder().encode(JSON.stringify(value)).byteLength;
}
