import type { LogText } from '@tutti/client';
import type { LogName } from '@tutti/protocol';
import { describe, expect, test } from 'vitest';
import { JsonLogPrinter, LogPrinter, type LogScreen } from '../../src/logs/printer.ts';
import { paletteFor } from '../../src/progress/palette.ts';

class Screen implements LogScreen {
  readonly isTTY: boolean;
  written = Buffer.alloc(0);

  constructor(isTTY = false) {
    this.isTTY = isTTY;
  }

  write(bytes: Uint8Array | string, written: () => void): void {
    this.written = Buffer.concat([this.written, Buffer.from(bytes)]);
    setImmediate(written);
  }
}

const NAME: LogName = {
  ...{ n: 0, key: '0.1.0.stdout.0', test: 'throughput', attempt: 1, member: 'server.0', node: 'n1' },
  ...{ source: 'stdout', incarnation: 0 },
};

const text = (bytes: string | Uint8Array, name: Partial<LogName> = {}): LogText => ({
  log: { ...NAME, ...name },
  at: Date.UTC(2030, 0, 1),
  bytes: Buffer.from(bytes),
});

function printer(out: Screen, prefix = true) {
  return new LogPrinter({ out, prefix, palette: paletteFor(out.isTTY, { TERM: 'xterm' }) });
}

describe('lines', () => {
  test('have their member before them, one below the other', async () => {
    const out = new Screen();
    await printer(out).texts([text('one\ntwo\n'), text('three\n', { member: 'db.1' }), text('rest')]);
    expect(String(out.written)).toBe('server.0 | one\nserver.0 | two\ndb.1     | three\nserver.0 | rest\n');
  });

  test('name test and attempt where there are several', async () => {
    const out = new Screen();
    const print = printer(out);
    print.begin({ severalTests: true });
    await print.texts([text('one\n'), text('two\n', { attempt: 2 })]);
    expect(String(out.written)).toBe('throughput/server.0 | one\nthroughput#2/server.0 | two\n');
  });

  test('are raw where no person reads them', async () => {
    const bytes = Uint8Array.from([0xff, 0x1b, 0x5b, 0x32, 0x4a, 0x0a]);
    const out = new Screen();
    await printer(out).texts([text(bytes)]);
    expect(out.written).toEqual(Buffer.concat([Buffer.from('server.0 | '), bytes]));
  });

  test('without prefix are the bytes of the log', async () => {
    const out = new Screen();
    await printer(out, false).texts([text('one\nrest without an end')]);
    expect(String(out.written)).toBe('one\nrest without an end');
  });

  test('on a terminal are coloured by member, and cannot harm it', async () => {
    const out = new Screen(true);
    await printer(out).texts([text('a\u001b[2J\n'), text('b\n', { member: 'client.0' }), text('c\n')]);
    const [first, second, third] = String(out.written).split('\n');
    expect(first).toBe('\u001b[36mserver.0 |\u001b[0m a\\x1b[2J');
    expect(second).toBe('\u001b[33mclient.0 |\u001b[0m b');
    expect(third).toBe('\u001b[36mserver.0 |\u001b[0m c');
  });

  test('as JSON say everything, and what is no text exactly', async () => {
    const out = new Screen();
    const print = new JsonLogPrinter(out, 12);
    await print.texts([text('one\n'), text(Uint8Array.from([0xff, 10]), { incarnation: 1 })]);
    const lines = String(out.written).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      {
        ...{ time: '2030-01-01T00:00:00.000Z', run: 12, test: 'throughput', attempt: 1 },
        ...{ member: 'server.0', node: 'n1', source: 'stdout', line: 'one' },
      },
      expect.objectContaining({ incarnation: 1, line: '\ufffd', base64: '/w==' }),
    ]);
  });
});

test('the next lines wait until these are written; a reader that is gone is told of', async () => {
  const failing: LogScreen = {
    write: (_bytes, written) => written(Object.assign(new Error('gone'), { code: 'EPIPE' })),
  };
  await expect(printer(failing as Screen).texts([text('x\n')])).rejects.toMatchObject({ code: 'EPIPE' });
});
