/**
 * The composition root of the master: every part is made here, once, and given what it needs.
 *
 * Guarantees: when `startMaster` resolves the master is reachable; `close` ends every run as interrupted,
 * writes its report, closes every connection and frees the state directory.
 */
import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '@tutti/link';
import { BlobCache, diskError, isLocal, listenAddress, StateDirectory, systemClock } from '@tutti/link';
import { TuttiError } from '@tutti/protocol';
import { serveAgent } from './agents/agent-session.ts';
import { Registry } from './agents/registry.ts';
import { serveClient } from './clients/client-session.ts';
import { Door } from './http/door.ts';
import { MasterClock } from './master-clock.ts';
import { AttemptFactory } from './runs/attempt-factory.ts';
import { LiveMembers } from './runs/members.ts';
import { Ownership } from './runs/ownership.ts';
import { Runs } from './runs/runs.ts';
import { RunDirectories } from './store/run-directories.ts';
import { SyncBroker } from './sync/broker.ts';

export const DEFAULT_LISTEN = '127.0.0.1:8282';

export interface MasterOptions {
  state: string;
  /** `HOST:PORT` or `unix:PATH`. */
  listen: string;
  /** Where run directories go; default `<state>/runs`. */
  runs?: string | undefined;
  software: string;
  log: Logger;
}

export interface Master {
  readonly url: string;
  readonly state: string;
  close(): Promise<void>;
  debugState(): Record<string, unknown>;
}

export async function startMaster(options: MasterOptions): Promise<Master> {
  const { software, log } = options;
  const address = listenAddress(options.listen);
  if (!isLocal(address)) {
    throw new TuttiError(
      'UNSAFE_LISTEN',
      `${options.listen} is reachable from other machines, and this version has no TLS`,
    );
  }
  const state = await StateDirectory.open(options.state, 'master');
  try {
    return await compose(state);
  } catch (error) {
    await state.close();
    throw error;
  }

  async function compose(directory: StateDirectory): Promise<Master> {
    const token = await directory.secret('admin.token', () => randomBytes(32).toString('base64url'));
    const master = await directory.id('master.id');
    const directories = new RunDirectories(options.runs ?? join(directory.path, 'runs'));
    const { closed, failed } = await directories.closeInterrupted();
    for (const dir of closed)
      log.warn({ dir }, `${dir} was under way when its master ended; its report now says ERROR`);
    for (const { dir, error } of failed)
      log.error(
        { dir, err: error },
        `${dir} was under way when its master ended; its report still says RUNNING`,
      );
    const clock = new MasterClock(systemClock);
    const blobs = await BlobCache.open(join(directory.path, 'blobs'));
    const registry = new Registry(clock);
    const live = new LiveMembers();
    const broker = new SyncBroker(clock);
    const attempts = new AttemptFactory({ master, clock, broker, live, blobs, log });
    const runs = new Runs({ clock, registry, directories, attempts, log });
    const ownership = new Ownership(clock, (run) =>
      runs.cancel(run, 'the client that owned the run went away'),
    );
    const door = new Door({
      address,
      token,
      clock,
      agent: (transport) => serveAgent(transport, { master, software, clock, registry, live, broker, log }),
      client: (transport) =>
        serveClient(transport, { master, software, clock, registry, runs, ownership, blobs, log }),
      onError: (error) => log.error({ err: error }, 'a connection could not be accepted'),
    });
    const url = await door.open();
    // Where commands on this machine find a living master; DESIGN, "Command line".
    const whereabouts = join(directory.path, 'master.json');
    try {
      await writeFile(whereabouts, `${JSON.stringify({ url, pid: process.pid })}\n`);
    } catch (error) {
      await door.close();
      throw diskError(whereabouts, error);
    }
    log.info({ url, state: directory.path }, `the master listens on ${url}`);

    return {
      url,
      state: directory.path,
      async close() {
        await runs.close();
        await door.close();
        await blobs.close();
        await rm(whereabouts, { force: true });
        await directory.close();
      },
      debugState: () => ({
        ...door.debugState(),
        ...broker.debugState(),
        ...runs.debugState(),
        ...ownership.debugState(),
        members: live.size,
        nodes: registry.views().map(({ name, state: at }) => `${name} ${at}`),
      }),
    };
  }
}
