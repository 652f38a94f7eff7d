/**
 * `tutti cp`: files and directories between this machine and others, or between two others by way of this one.
 *
 * Guarantees: a file is there whole or as it was before; only contents that the other end lacks travel. `-` is stdin or stdout.
 */
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { MasterClient } from '@tutti/client';
import { type Machine, machineAt } from '@tutti/client/objects';
import { EXIT, TuttiError } from '@tutti/protocol';
import { type MasterFlags, note, withMaster } from '../connect.ts';
import { onInterrupt } from '../run/interrupt.ts';
import { showError } from '../show-error.ts';
import { isFolderPath, type PlacePath, placePath } from './place-path.ts';
import { type Target, targetsOf } from './targets.ts';

export interface CpFlags extends MasterFlags {
  readonly quiet?: boolean;
}

type Remote = Extract<PlacePath, { on: string }>;

interface Copying {
  readonly client: MasterClient;
  readonly signal: AbortSignal;
  readonly tell: (line: string) => void;
}

interface Moved {
  files: number;
  bytes: number;
}

const STANDARD = '-';
/** Machines at a time: each content is read once for each of them. */
const AT_ONCE = 16;

/** Resolves with the exit status. */
export async function cp(words: readonly string[], flags: CpFlags): Promise<number> {
  const places = words.map(placePath);
  const to = places.at(-1);
  const from = places.slice(0, -1);
  if (to === undefined || from.length === 0)
    throw new TuttiError('USAGE', 'say what is copied and where to: tutti cp app.conf n1:/etc/app.conf');
  if (from.some((place) => 'here' in place) && 'here' in to)
    throw new TuttiError('USAGE', 'both are on this machine; a machine is named by a colon: n1:/etc/hosts');
  const tell = flags.quiet || !process.stderr.isTTY ? () => {} : note;
  const interrupt = onInterrupt((signal) => note(`${signal}: copying is stopped`));
  try {
    return await withMaster(
      flags,
      async (client) => {
        const copying = { client, signal: interrupt.signal, tell };
        if ('on' in to) return toMachines(from, to, copying);
        await toHere(from as Remote[], to.here, copying);
        return EXIT.ok;
      },
      note,
    );
  } finally {
    interrupt.stop();
  }
}

async function toMachines(from: readonly PlacePath[], to: Remote, copying: Copying): Promise<number> {
  const { client } = copying;
  const targets = await targetsOf(client, to.on, {});
  return inTemporary(async (aside) => {
    const local: string[] = [];
    for (const [place, source] of from.entries())
      local.push(await localOf(source, join(aside, String(place)), copying));
    const into = local.length > 1 || isFolderPath(to.path);
    if (into && from.some((place) => 'here' in place && place.here === STANDARD))
      throw new TuttiError('USAGE', 'what comes from stdin needs a name: tutti cp - n1:/tmp/name');
    const put = async (target: Target): Promise<void> => {
      for (const path of local)
        await putOne(path, target, into ? join(to.path, basename(path)) : to.path, copying);
    };
    const [only] = targets;
    if (only !== undefined && targets.length === 1) {
      await put(only);
      return EXIT.ok;
    }
    let worst: number = EXIT.ok;
    const queue = [...targets];
    const worker = async () => {
      for (let target = queue.shift(); target !== undefined; target = queue.shift()) {
        try {
          await put(target);
        } catch (thrown) {
          worst = Math.max(worst, showError(named(target, thrown), process.stderr));
        }
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    return worst;
  });
}

async function putOne(
  path: string,
  target: Target,
  to: string,
  { client, signal, tell }: Copying,
): Promise<void> {
  const began = performance.now();
  const machine = machineAt(client, target.at, target.title);
  const moved = await machine.put(path, to, { signal }).catch(async (thrown: unknown) => {
    // As cp(1) does it: into a directory that is there.
    if (!(thrown instanceof TuttiError) || thrown.details?.directory !== true) throw thrown;
    return machine.put(path, join(to, basename(path)), { signal });
  });
  tell(done(moved, `to ${target.title}`, began));
}

async function toHere(from: readonly Remote[], to: string, copying: Copying): Promise<void> {
  const { client } = copying;
  const sources = await Promise.all(
    from.map(async ({ on, path }) => ({ path, targets: await targetsOf(client, on, {}) })),
  );
  const several = sources.some(({ targets }) => targets.length > 1);
  if (to === STANDARD) {
    const [source] = sources;
    if (source === undefined || sources.length > 1 || several)
      throw new TuttiError('USAGE', 'stdout takes one file');
    await toStandard(source.targets[0] as Target, source.path, copying);
    return;
  }
  const isFolder = await stat(to).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
  if (!isFolder && (several || sources.length > 1 || to.endsWith('/')))
    throw new TuttiError('USAGE', `${to} is no directory here, and several files need one`);
  for (const { path, targets } of sources) {
    for (const target of targets) {
      // What has the same name on several machines stays apart.
      const folder = several ? join(to, target.title) : to;
      if (several) await mkdir(folder, { recursive: true });
      await getOne(target, path, isFolder ? join(folder, nameOf(path, target)) : to, copying);
    }
  }
}

async function getOne(
  target: Target,
  path: string,
  to: string,
  { client, signal, tell }: Copying,
): Promise<void> {
  const began = performance.now();
  const machine: Machine = machineAt(client, target.at, target.title);
  tell(done(await machine.get(pathOr(path), to, { signal }), `from ${target.title}`, began));
}

async function toStandard(target: Target, path: string, copying: Copying): Promise<void> {
  await inTemporary(async (aside) => {
    const file = join(aside, 'contents');
    await getOne(target, path, file, { ...copying, tell: () => {} });
    if ((await stat(file)).isDirectory())
      throw new TuttiError('USAGE', `${path} on ${target.title} is a directory; stdout takes one file`);
    await pipeline(createReadStream(file), process.stdout, { end: false });
  });
}

/** The path here of what is copied: what is elsewhere is brought aside first. */
async function localOf(source: PlacePath, aside: string, copying: Copying): Promise<string> {
  if ('here' in source && source.here !== STANDARD) return source.here;
  await mkdir(aside);
  if ('here' in source) {
    const file = join(aside, 'stdin');
    await pipeline(process.stdin, createWriteStream(file), { signal: copying.signal });
    return file;
  }
  const targets = await targetsOf(copying.client, source.on, {});
  const [only] = targets;
  if (only === undefined || targets.length > 1)
    throw new TuttiError(
      'USAGE',
      `"${source.on}" names ${targets.length} machines; from one machine to others, name one`,
    );
  const to = join(aside, nameOf(source.path, only));
  await getOne(only, source.path, to, { ...copying, tell: () => {} });
  return to;
}

function pathOr(path: string): string {
  return path === '' ? '.' : path;
}

function nameOf(path: string, { title }: Target): string {
  const name = basename(path);
  return name === '' || name === '.' ? title : name;
}

function named({ title }: Target, thrown: unknown): unknown {
  if (!(thrown instanceof TuttiError) || thrown.message.includes(title)) return thrown;
  return new TuttiError(thrown.code, `${title}: ${thrown.message}`, { cause: thrown });
}

function done({ files, bytes }: Moved, where: string, began: number): string {
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  return `${files} ${files === 1 ? 'file' : 'files'}, ${sized(bytes)} ${where} in ${seconds} s`;
}

function sized(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB'];
  let value = bytes;
  let unit = 0;
  for (; value >= 1024 && unit < units.length - 1; unit += 1) value /= 1024;
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

async function inTemporary<T>(work: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'tutti-cp-'));
  try {
    return await work(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
