/** The real master of a bench, and a client of it. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { followRun, MasterClient } from '@tutti/client';
import type { RunSpec, RunView } from '@tutti/protocol';
import type { ProcessUsage } from '../harness/process-usage.ts';
import { Daemon } from './daemon.ts';

export class MasterDaemon implements AsyncDisposable {
  /** Where it and its agents keep everything; deleted in the end. */
  readonly dir: string;
  readonly url: string;
  readonly #descriptors: number;
  readonly #clients: MasterClient[] = [];
  #daemon: Daemon;

  private constructor(dir: string, daemon: Daemon, descriptors: number) {
    this.dir = dir;
    this.#daemon = daemon;
    this.#descriptors = descriptors;
    this.url = String(daemon.about['url']);
  }

  static async start(descriptors: number): Promise<MasterDaemon> {
    const dir = mkdtempSync(join(tmpdir(), 'tutti-bench-'));
    return new MasterDaemon(dir, await startMaster(dir, '127.0.0.1:0', descriptors), descriptors);
  }

  get token(): string {
    return readFileSync(this.tokenFile, 'utf8').trim();
  }

  get tokenFile(): string {
    return join(this.dir, 'master/admin.token');
  }

  usage(): ProcessUsage {
    return this.#daemon.usage();
  }

  kill(): Promise<void> {
    return this.#daemon.kill();
  }

  /** Once more with the same state and the same address; resolves when it is ready. */
  async startAgain(): Promise<void> {
    this.#daemon = await startMaster(this.dir, new URL(this.url).host, this.#descriptors);
  }

  async client(): Promise<MasterClient> {
    const client = await MasterClient.connect({
      address: this.url,
      token: () => this.token,
      software: 'bench',
    });
    this.#clients.push(client);
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.close();
    await this.#daemon.stop();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** Without files: a run of inline scripts. */
export function follow(
  client: MasterClient,
  spec: RunSpec,
  onView: (view: RunView) => void = () => {},
  signal?: AbortSignal,
): Promise<RunView> {
  const following = { spec, sources: new Map<string, string>(), owned: true, onView };
  return followRun(client, signal === undefined ? following : { ...following, signal });
}

function startMaster(dir: string, listen: string, descriptors: number): Promise<Daemon> {
  const state = join(dir, 'master');
  return Daemon.start(['master', '--state', state, '--listen', listen, '--log-level', 'error'], descriptors);
}
