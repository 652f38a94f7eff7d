/** What `tutti master` and `tutti agent` do as processes, with a daemon that does nothing. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@tutti/testkit';
import { describe, expect, onTestFinished, test, vi } from 'vitest';

// A process takes its time to start on a busy machine.
vi.setConfig({ testTimeout: 40_000 });

class Daemon {
  readonly state: string;
  stdout = '';
  stderr = '';
  readonly child: ChildProcessWithoutNullStreams;
  readonly #ended: Promise<unknown[]>;

  constructor(...words: string[]) {
    const base = mkdtempSync(join(tmpdir(), 'tutti-daemon-'));
    this.state = join(base, 'state');
    mkdirSync(this.state);
    this.child = spawn(process.execPath, [
      join(import.meta.dirname, 'daemon-process.ts'),
      this.state,
      ...words,
    ]);
    this.child.stdout.on('data', (text: Buffer) => (this.stdout += text.toString()));
    this.child.stderr.on('data', (text: Buffer) => (this.stderr += text.toString()));
    this.child.stdin.on('error', () => {});
    this.#ended = once(this.child, 'close');
    onTestFinished(async () => {
      this.child.kill('SIGKILL');
      await this.#ended;
      rmSync(base, { recursive: true, force: true });
    });
  }

  /** How it was closed, once it was. */
  closed(): Promise<string> {
    return eventually(
      () => existsSync(`${this.state}.closed`) && readFileSync(`${this.state}.closed`, 'utf8'),
      { timeout: 30_000 },
    ) as Promise<string>;
  }

  async ready(): Promise<this> {
    await eventually(() => this.stdout.endsWith('\n'), { timeout: 30_000 });
    return this;
  }

  /** The exit status, or the signal. */
  async exit(): Promise<unknown> {
    const [code, signal] = await this.#ended;
    return code ?? signal;
  }
}

test('says that it is ready in one line, once, with its pid', async () => {
  const daemon = await new Daemon().ready();
  daemon.child.kill('SIGTERM');
  await daemon.exit();
  expect(daemon.stdout).toBe(`ready {"url":"ws://x:1","pid":${daemon.child.pid}}\n`);
});

describe('a signal', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('%s closes it: status 0, and its state stays', async (signal) => {
    const daemon = await new Daemon().ready();
    daemon.child.kill(signal);
    expect(await daemon.exit()).toBe(0);
    expect(await daemon.closed()).toBe('not private');
    expect(existsSync(daemon.state)).toBe(true);
  });

  test.each([
    ['SIGTERM', 'SIGTERM'],
    ['SIGTERM', 'SIGINT'],
  ] as const)('%s, then %s, does not wait for the closing: status 130', async (first, second) => {
    const daemon = await new Daemon('stuck').ready();
    daemon.child.kill(first);
    await daemon.closed();
    daemon.child.kill(second);
    expect(await daemon.exit()).toBe(130);
  });

  test('before it is ready means that it never says so', async () => {
    const daemon = new Daemon('unready', 'private');
    daemon.child.stdin.end();
    expect(await daemon.exit()).toBe(0);
    expect(daemon.stdout).toBe('');
  });

  test('ends a private one also while its lifeline is held', async () => {
    const daemon = await new Daemon('private').ready();
    daemon.child.kill('SIGTERM');
    expect(await daemon.exit()).toBe(0);
    expect(await daemon.closed()).toBe('private');
    expect(existsSync(daemon.state)).toBe(false);
  });
});

describe('the lifeline', () => {
  test('of a private daemon closes it at its end, and its state goes', async () => {
    const daemon = await new Daemon('private').ready();
    daemon.child.stdin.end('words that nobody asked for');
    expect(await daemon.exit()).toBe(0);
    expect(await daemon.closed()).toBe('private');
    expect(existsSync(daemon.state)).toBe(false);
  });

  test('then a signal: the closing still goes on', async () => {
    const daemon = await new Daemon('private', 'stuck').ready();
    daemon.child.stdin.end();
    await daemon.closed();
    daemon.child.kill('SIGTERM');
    daemon.child.kill('SIGINT');
    expect(await daemon.exit()).toBe(130);
  });

  test('is nothing to any other daemon', async () => {
    const daemon = await new Daemon().ready();
    daemon.child.stdin.end();
    daemon.child.kill('SIGTERM');
    expect(await daemon.exit()).toBe(0);
  });
});

describe('a daemon that fails', () => {
  test('is closed, says why, and its status says that the lab is broken', async () => {
    const daemon = await new Daemon('refused').ready();
    writeFileSync(join(daemon.state, 'refuse'), '');
    expect(await daemon.exit()).toBe(2);
    expect(daemon.stderr).toMatch(/^tutti: another came\n.*\(SUPERSEDED\)\n$/);
    expect(await daemon.closed()).toBe('not private');
  });

  test('to close leaves no state either, if it is private', async () => {
    const daemon = await new Daemon('private', 'unclosable').ready();
    daemon.child.stdin.end();
    expect(await daemon.exit()).toBe(2);
    expect(daemon.stderr).toContain('it does not close');
    expect(existsSync(daemon.state)).toBe(false);
  });
});

test('does not mind that nobody reads what it says', async () => {
  const daemon = new Daemon('private');
  daemon.child.stdout.destroy();
  daemon.child.stdin.end();
  expect(await daemon.exit()).toBe(0);
  expect(daemon.stderr).toBe('');
});
