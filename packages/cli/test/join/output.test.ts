/** What members write, on its way to the screen. */
import { appendFile, mkdtemp, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { PrefixedOutput, plainly, Tail } from '../../src/join/output.ts';
import { paletteFor } from '../../src/progress/palette.ts';

class AScreen {
  readonly pieces: Buffer[] = [];
  fails = false;
  /** Holds what is written back until it is called. */
  taken: (() => void)[] | undefined;

  get text(): string {
    return Buffer.concat(this.pieces).toString('latin1');
  }

  write(bytes: Uint8Array | string, written: (error?: Error | null) => void): void {
    if (this.fails) return written(new Error('nobody reads any more'));
    this.pieces.push(Buffer.from(bytes));
    if (this.taken === undefined) written();
    else this.taken.push(written);
  }
}

async function aFile(text = ''): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'tutti-output-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  const path = join(dir, 'stdout.0');
  await writeFile(path, text, 'latin1');
  return path;
}

test('what is there and what comes is shown, every byte once', async () => {
  const screen = new AScreen();
  const path = await aFile('\u0000\u00ff');
  const tail = new Tail(path, plainly(screen));
  await tail.open();
  await vi.waitFor(() => expect(screen.text).toBe('\u0000\u00ff'));
  await appendFile(path, 'more');
  await vi.waitFor(() => expect(screen.text).toBe('\u0000\u00ffmore'), { timeout: 4000 });
  await appendFile(path, ', and the end');
  await tail.end();
  expect(screen.text).toBe('\u0000\u00ffmore, and the end');
});

test('a file that is gone meanwhile is shown to its end', async () => {
  const screen = new AScreen();
  const path = await aFile();
  const tail = new Tail(path, plainly(screen));
  await tail.open();
  await appendFile(path, 'x'.repeat(200_000));
  await unlink(path);
  await tail.end();
  expect(screen.text).toHaveLength(200_000);
});

test('a screen that takes nothing more is waited for', async () => {
  const screen = new AScreen();
  screen.taken = [];
  const path = await aFile('x'.repeat(150_000));
  const tail = new Tail(path, plainly(screen));
  await tail.open();
  await vi.waitFor(() => expect(screen.text).toHaveLength(65_536));
  const ended = tail.end();
  for (let shown = 1; shown <= 3; shown += 1) {
    await vi.waitFor(() => expect(screen.taken).toHaveLength(1));
    screen.taken.pop()?.();
  }
  await ended;
  expect(screen.text).toHaveLength(150_000);
});

test('where nobody reads any more nothing is shown, and the end comes all the same', async () => {
  const screen = new AScreen();
  screen.fails = true;
  const path = await aFile('text');
  const tail = new Tail(path, plainly(screen));
  await tail.open();
  await appendFile(path, 'more');
  await tail.end();
  expect(screen.text).toBe('');
});

test('of several members whole lines are shown, each with its member; the last may have no end', async () => {
  const screen = new AScreen();
  const out = new PrefixedOutput(screen, paletteFor(false, {}));
  const [one, two] = [out.of('a.0'), out.of('a.1')];
  await one(Buffer.from('fir'));
  await two(Buffer.from('second\nthi'));
  await one(Buffer.from('st\n'));
  await two(Buffer.from('rd'));
  expect(screen.text).toBe('a.1 | second\na.0 | first\n');
  await out.flush();
  await out.flush();
  expect(screen.text).toBe('a.1 | second\na.0 | first\na.1 | third\n');
});

test('a line without an end does not grow in memory', async () => {
  const screen = new AScreen();
  const show = new PrefixedOutput(screen, paletteFor(false, {})).of('a.0');
  await show(Buffer.alloc(65_536, 'x'));
  expect(screen.text).toBe('');
  await show(Buffer.from('x'));
  expect(screen.text).toBe(`a.0 | ${'x'.repeat(65_537)}\n`);
});
