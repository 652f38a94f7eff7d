/**
 * The composition root of the master: every part is made here, once, and given what it needs.
 *
 * Guarantees: when `startMaster` resolves the master is reachable, and the runs of an earlier one go on; `close` closes
 * every connection and frees the state directory. Runs that are not finished go on with the next master of this state;
 * those of an ephemeral one have none: they end as interrupted, with their reports.
 */
import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '@tutti/link';
import {
  BlobCache,
  bootId,
  diskError,
  isLocal,
  listenAddress,
  StateDirectory,
  systemClock,
} from '@tutti/link';
import { TuttiError } from '@tutti/protocol';
import { serveAgent } from './agents/agent-session.ts';
import { Registry } from './agents/registry.ts';
import { clientCalls } from './clients/client-calls.ts';
import { serveClient } from './clients/client-session.ts';
import { watchNodes } from './clients/watch-nodes.ts';
import { watchRuns } from './clients/watch-runs.ts';
import { Console } from './commands/console.ts';
import { Door } from './http/door.ts';
import { Gate } from './http/gate.ts';
import { LogNews } from './logs/log-news.ts';
import { Machines } from './machines/machines.ts';
import { MasterClock } from './master-clock.ts';
import { Notifier } from './notify/notifier.ts';
import { poster } from './notify/post.ts';
import { AttemptFactory } from './runs/attempt-factory.ts';
import { LiveMembers } from './runs/members.ts';
import { Ownership } from './runs/ownership.ts';
import { Runs } from './runs/runs.ts';
import { DEFAULT_SETTINGS, type Settings } from './scheduler/pass.ts';
import { Secrets } from './secrets/secrets.ts';
import { Sessions } from './sessions/sessions.ts';
import { DiskRoom, MIN_FREE_BYTES } from './store/room.ts';
import { RunDirectories } from './store/run-directories.ts';
import { Store } from './store/store.ts';
import { SyncBroker } from './sync/broker.ts';

export const DEFAULT_LISTEN = '127.0.0.1:8282';

/** So long a master that nobody goes on for waits for webhooks that do not answer. */
const LAST_WORD_MS = 3000;

export interface MasterOptions {
  state: string;
  /** `HOST:PORT` or `unix:PATH`. */
  listen: string;
  /** Where run directories go; default `<state>/runs`. */
  runs?: string | undefined;
  /** Bytes that have to be free for new runs; default 1 GiB. */
  minFree?: number | undefined;
  /** Told of every run: when it starts, first fails, finishes. */
  webhooks?: readonly string[] | undefined;
  /** Signs what webhooks are told. */
  webhookSecret?: string | undefined;
  /** How machines are given out; default: `DEFAULT_SETTINGS`. */
  scheduling?: Settings | undefined;
  /** What commands for machines inherit. */
  env?: Readonly<Record<string, string | undefined>> | undefined;
  /** It ends with what it was started for, and nobody goes on: nothing is kept but results. */
  ephemeral?: boolean | undefined;
  software: string;
  log: Logger;
  /** Told of every durable step: where tests kill the master. */
  onStep?: ((step: string) => void) | undefined;
}

export interface Master {
  readonly url: string;
  readonly state: string;
  /** Reads again what can be read again: nodes.yaml. A mistake in it is logged, and what was there stays. */
  reload(): Promise<void>;
  close(): Promise<void>;
  debugState(): Record<string, unknown>;
}

export async function startMaster(options: MasterOptions): Promise<Master> {
  const { software, log, ephemeral = false, onStep } = options;
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
    const path = ephemeral ? ':memory:' : join(directory.path, 'master.db');
    const store = Store.open({ path, clock: systemClock, log, onStep });
    try {
      return await composeOn(store, directory, token, master);
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  async function composeOn(
    store: Store,
    directory: StateDirectory,
    token: string,
    master: string,
  ): Promise<Master> {
    const directories = new RunDirectories(options.runs ?? join(directory.path, 'runs'));
    const { closed, failed } = await directories.closeInterrupted(store.runs.unfinishedDirectories());
    for (const dir of closed)
      log.warn({ dir }, `${dir} was under way when its master ended; its report now says ERROR`);
    for (const { dir, error } of failed)
      log.error(
        { dir, err: error },
        `${dir} was under way when its master ended; its report still says RUNNING`,
      );
    const clock = await masterClock(store);
    const blobs = await BlobCache.open(join(directory.path, 'blobs'));
    const registry = new Registry(clock, (node, ordered) => store.nodes.save(node, ordered));
    registry.restore(store.nodes.all());
    const notifier = new Notifier({
      ...{ rows: store.notifications, urls: options.webhooks ?? [], master, clock, log },
      post: poster({ software, secret: options.webhookSecret }),
    });
    store.runs.watch((run) => notifier.note(run));
    const live = new LiveMembers();
    const broker = new SyncBroker(clock, store.decisions);
    const room = new DiskRoom({
      ...{ path: directory.path, minFree: options.minFree ?? MIN_FREE_BYTES, clock: systemClock, log },
    });
    const news = new LogNews();
    const console = await Console.open({
      ...{ master, directory: join(directory.path, 'console'), clock, live, blobs, log },
      room: () => room.forBulk(),
    });
    const secrets = new Secrets(join(directory.path, 'secrets'));
    const attempts = new AttemptFactory({
      secrets,
      master,
      clock,
      broker,
      live,
      blobs,
      store,
      room,
      news,
      log,
    });
    const requireReady = async () => {
      if (store.stuck) throw new TuttiError('DISK_FULL', 'the database of the master cannot be written');
      await room.require();
    };
    const machines = await Machines.open({
      ...{ registry, clock, state: directory.path, isPrivate: ephemeral, env: options.env ?? {}, log },
    });
    const { care, power } = machines;
    const settings = options.scheduling ?? DEFAULT_SETTINGS;
    const runs = new Runs({
      ...{ clock, registry, directories, attempts, store, care, settings, requireRoom: requireReady, log },
    });
    const ownership = new Ownership(clock, (run) =>
      runs.cancel(run, 'the client that owned the run went away'),
    );
    for (const run of runs.restore()) {
      log.info({ run: run.model.number }, `run ${run.model.number} of an earlier master goes on`);
      if (run.model.owned) ownership.own(run)();
    }
    const sessions = new Sessions({ clock, registry, runs, log });
    const watches = { nodes: watchNodes(clock, registry, runs), runs: watchRuns(clock, runs) };
    const callDeps = {
      ...{ master, software, clock, registry, power, runs, watches, broker, console, blobs },
      runList: store.runList,
      history: store.history,
    };
    const gate = new Gate({
      token,
      log,
      load: async () => {
        const { openApi } = await import('./http/api.ts');
        return openApi({ calls: clientCalls(callDeps), runs, blobs, news, clock, log });
      },
    });
    const door = new Door({
      address,
      token,
      clock,
      agent: (transport) =>
        serveAgent(transport, { master, software, clock, registry, live, broker, blobs, log }),
      client: (transport) => serveClient(transport, { ...callDeps, ownership, sessions, news, log }),
      api: (request, response) => gate.handle(request, response),
      ready: requireReady,
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
      reload: () => machines.reload(),
      close: once(async () => {
        if (ephemeral) await runs.interruptAll();
        else runs.suspend();
        if (ephemeral) await notifier.drain(LAST_WORD_MS);
        notifier.close();
        await machines.close();
        room.close();
        await door.close();
        await console.close();
        await gate.close();
        watches.nodes.close();
        watches.runs.close();
        clock.stop();
        await store.close();
        await blobs.close();
        await rm(whereabouts, { force: true });
        await directory.close();
      }),
      debugState: () => ({
        ...door.debugState(),
        ...gate.debugState(),
        ...broker.debugState(),
        ...runs.debugState(),
        ...ownership.debugState(),
        joining: sessions.debugState(),
        console: console.debugState(),
        ...care.debugState(),
        ...notifier.debugState(),
        followed: news.size,
        watching: watches.nodes.waiting + watches.runs.waiting,
        members: live.size,
        nodes: registry.views().map(({ name, state: at }) => `${name} ${at}`),
      }),
    };
  }
}

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => {
    done ??= work();
    return done;
  };
}

/** Within one boot master time goes on from master to master, whatever becomes of the wall clock. */
async function masterClock(store: Store): Promise<MasterClock> {
  const boot = bootId();
  const [keptBoot, base] = (store.settings.get('master time') ?? '').split(' ');
  if (keptBoot === boot) return new MasterClock(systemClock, Number(base));
  const clock = new MasterClock(systemClock);
  await store.settings.set('master time', `${boot} ${clock.base}`);
  return clock;
}
