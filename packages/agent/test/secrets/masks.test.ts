/** Secrets in logs: found wherever they are cut, byte for byte replaced, and nothing else changed. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MaskedSource } from '../../src/secrets/masked-source.ts';
import { Masks } from '../../src/secrets/masks.ts';

class Growing {
  text: Buffer;
  constructor(text: string | Uint8Array = '') {
    this.text = Buffer.from(text as string);
  }
  async read(offset: number, into: Uint8Array): Promise<number> {
    return this.text.copy(into, 0, offset, offset + into.byteLength);
  }
}

/** All that can be read from an offset on, in pieces of this size. */
async function readAll(source: MaskedSource, size: number, from = 0): Promise<Buffer> {
  const pieces: Buffer[] = [];
  const into = Buffer.alloc(size);
  for (let at = from, got = await source.read(at, into); got > 0; got = await source.read(at, into)) {
    pieces.push(Buffer.from(into.subarray(0, got)));
    at += got;
  }
  return Buffer.concat(pieces);
}

/** The same, written to be obviously right. */
function naively(text: Buffer, secrets: readonly string[]): Buffer {
  const masked = Buffer.from(text);
  for (const secret of secrets) {
    const wanted = Buffer.from(secret);
    for (let at = 0; at + wanted.length <= text.length; at += 1)
      if (text.subarray(at, at + wanted.length).equals(wanted)) masked.fill('*', at, at + wanted.length);
  }
  return masked;
}

const word = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 5 });
const log = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 60 });

describe('a log with secrets', () => {
  test('has asterisks for each of their bytes, wherever reading begins and is cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(word, { minLength: 1, maxLength: 3 }),
        log,
        fc.integer({ min: 1, max: 9 }),
        fc.nat({ max: 60 }),
        async (secrets, text, size, offset) => {
          const source = new MaskedSource(new Growing(text), new Masks(secrets));
          source.complete();
          const from = Math.min(offset, text.length);
          expect(String(await readAll(source, size, from))).toBe(
            String(naively(Buffer.from(text), secrets).subarray(from)),
          );
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('that grows never shows a part of one, and shows all in the end', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(word, { minLength: 1, maxLength: 3 }),
        log,
        fc.array(fc.nat({ max: 9 })),
        async (secrets, text, steps) => {
          const growing = new Growing();
          const source = new MaskedSource(growing, new Masks(secrets));
          const wanted = naively(Buffer.from(text), secrets);
          let shown = Buffer.alloc(0);
          for (const step of [...steps, text.length]) {
            growing.text = Buffer.from(text.slice(0, growing.text.length + step));
            shown = Buffer.concat([shown, await readAll(source, 4, shown.length)]);
            expect(wanted.subarray(0, shown.length).equals(shown)).toBe(true);
          }
          source.complete();
          shown = Buffer.concat([shown, await readAll(source, 4, shown.length)]);
          expect(String(shown)).toBe(String(wanted));
        },
      ),
      { numRuns: 1000 },
    );
  });

  test('is held back only where one may begin', async () => {
    const growing = new Growing('the password is hun');
    const source = new MaskedSource(growing, new Masks(['hunter22']));
    expect(String(await readAll(source, 100))).toBe('the password is ');
    growing.text = Buffer.from('the password is hundred\n');
    expect(String(await readAll(source, 100, 16))).toBe('hundred\n');
  });

  test('of several lines has each longer line masked by itself', () => {
    const bytes = Buffer.from('> first line\nsecond line\nend');
    new Masks(['first line\nsecond line\nend']).apply(bytes);
    expect(String(bytes)).toBe('> **********\n***********\n***');
    const one = Buffer.from('> second line, end');
    new Masks(['first line\nsecond line\nend']).apply(one);
    expect(String(one)).toBe('> ***********, end');
  });

  test('of any bytes stays as it is elsewhere', async () => {
    const bytes = Buffer.from([0, 255, 195, 40, ...Buffer.from('pässwörd'), 0, 10]);
    const source = new MaskedSource(new Growing(bytes), new Masks(['pässwörd']));
    source.complete();
    expect(await readAll(source, 3)).toEqual(
      Buffer.from([0, 255, 195, 40, ...Buffer.from('**********'), 0, 10]),
    );
  });

  test('in a text has them masked too', () => {
    expect(new Masks(['hunter22']).text('it was hunter22, not hunter')).toBe('it was ********, not hunter');
    expect(new Masks([]).text('as it is')).toBe('as it is');
  });
});
