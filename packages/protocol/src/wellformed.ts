/**
 * A linear look over MessagePack bytes before anything is built from them.
 * (Format: https://github.com/msgpack/msgpack/blob/master/spec.md)
 *
 * Guarantees that a value decoded afterwards is no larger than its bytes suggest: every array, map, text
 * and byte string fits into what is left of the frame, so that five bytes cannot make a decoder reserve
 * gigabytes. Refuses extension types (the protocol has none) and nesting deeper than `LIMITS.depth`.
 * Allocates nothing; does not look inside texts.
 */
import { LIMITS } from './limits.ts';

// biome-ignore format: a table, one family a line
const LENGTH_BYTES: Record<number, 1 | 2 | 4> = {
  0xc4: 1, 0xc5: 2, 0xc6: 4, // bin
  0xd9: 1, 0xda: 2, 0xdb: 4, // str
  0xdc: 2, 0xdd: 4, // array
  0xde: 2, 0xdf: 4, // map
};

// biome-ignore format: a table, one family a line
const FIXED_BYTES: Record<number, number> = {
  0xc0: 0, 0xc2: 0, 0xc3: 0, // nil, false, true
  0xca: 4, 0xcb: 8, // float
  0xcc: 1, 0xcd: 2, 0xce: 4, 0xcf: 8, // uint
  0xd0: 1, 0xd1: 2, 0xd2: 4, 0xd3: 8, // int
};

/** Values still to come at each level of nesting of the frame that is looked at, which is one at a time. */
const open = new Uint32Array(LIMITS.depth.value);

/** Why `bytes` are not exactly one well-formed value, or undefined when they are. */
export function malformation(bytes: Uint8Array): string | undefined {
  const end = bytes.byteLength;
  let level = 0;
  open[0] = 1;
  let at = 0;
  while (level >= 0) {
    const left = open[level] ?? 0;
    if (left === 0) {
      level -= 1;
      continue;
    }
    open[level] = left - 1;
    if (at >= end) return 'truncated';
    const head = bytes[at] ?? 0;
    at += 1;
    let items = 0;
    let skip = 0;
    if (head < 0x80 || head >= 0xe0) continue;
    if (head < 0x90) items = 2 * (head & 0x0f);
    else if (head < 0xa0) items = head & 0x0f;
    else if (head < 0xc0) skip = head & 0x1f;
    else {
      const fixed = FIXED_BYTES[head];
      if (fixed !== undefined) skip = fixed;
      else {
        const width = LENGTH_BYTES[head];
        if (width === undefined) return `type byte 0x${head.toString(16)} is not used by this protocol`;
        if (at + width > end) return 'truncated';
        let length = 0;
        for (let i = 0; i < width; i += 1) length = length * 256 + (bytes[at + i] ?? 0);
        at += width;
        if (head >= 0xde) items = 2 * length;
        else if (head >= 0xdc) items = length;
        else skip = length;
      }
    }
    // Every item takes a byte at least, and those that enclosing levels still want come after it.
    if (skip > end - at || items > end - at) return 'truncated';
    at += skip;
    if (items > 0) {
      level += 1;
      if (level === LIMITS.depth.value) return `nested deeper than ${LIMITS.depth.value}`;
      open[level] = items;
    }
  }
  return at === end ? undefined : 'bytes after the end';
}
