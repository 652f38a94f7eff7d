/**
 * Completes package-lock.json after `npm install`: adds an entry for every optional platform package that npm left out.
 *
 * Tools with native parts name one optional package per platform. When the registry in use does not carry one of them
 * (a mirror that keeps Linux builds only), `npm install` shrugs and leaves it out of the lockfile, and then `npm ci`
 * refuses that lockfile everywhere. An entry with version and platform is all that `npm ci` needs to skip the package.
 *
 * `--check` changes nothing and exits 1 when entries are missing. Run it after changing a dependency.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

interface Entry {
  version?: string;
  optionalDependencies?: Record<string, string>;
  [key: string]: unknown;
}

export interface Lockfile {
  packages: Record<string, Entry>;
  [key: string]: unknown;
}

const SYSTEMS = [
  'aix',
  'android',
  'darwin',
  'freebsd',
  'linux',
  'netbsd',
  'openbsd',
  'openharmony',
  'sunos',
  'win32',
];
const CPUS = ['arm', 'arm64', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x', 'wasm32', 'x64'];
const LIBC: Record<string, string> = { gnu: 'glibc', gnueabihf: 'glibc', musl: 'musl', musleabihf: 'musl' };

/** The entries that the lockfile lacks, by lockfile path. */
export function missingEntries(lock: Lockfile): Record<string, Entry> {
  const missing: Record<string, Entry> = {};
  for (const [path, entry] of Object.entries(lock.packages)) {
    for (const [name, range] of Object.entries(entry.optionalDependencies ?? {})) {
      if (!reachable(lock, path, name))
        missing[`node_modules/${name}`] = platformEntry(name, range, entry['dev']);
    }
  }
  return missing;
}

/** Node's look-up: `name` below `path` itself or below one of its parents. */
function reachable(lock: Lockfile, path: string, name: string): boolean {
  for (let base = path; ; base = base.slice(0, Math.max(0, base.lastIndexOf('/node_modules/')))) {
    if (`${base === '' ? '' : `${base}/`}node_modules/${name}` in lock.packages) return true;
    if (base === '') return false;
  }
}

function platformEntry(name: string, range: string, dev: unknown): Entry {
  const words = name.split(/[/-]/);
  const pick = (known: string[]): string[] => words.filter((word) => known.includes(word));
  const libc = pick(Object.keys(LIBC)).map((word) => LIBC[word]);
  const [cpu, os] = [pick(CPUS), pick(SYSTEMS)];
  if (cpu.length + os.length === 0) throw new Error(`${name}: cannot tell the platform from the name`);
  return {
    version: range.replace(/^[\^~]/, ''),
    ...(cpu.length > 0 && { cpu }),
    ...(dev === true && { dev }),
    ...(libc.length > 0 && os.includes('linux') && { libc }),
    optional: true,
    ...(os.length > 0 && { os }),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const file = new URL('../package-lock.json', import.meta.url);
  const lock = JSON.parse(readFileSync(file, 'utf8')) as Lockfile;
  const missing = missingEntries(lock);
  const names = Object.keys(missing);
  if (process.argv.includes('--check')) {
    for (const name of names)
      console.error(`package-lock.json: no entry for ${name}; run node scripts/lockfile.ts`);
    process.exitCode = names.length > 0 ? 1 : 0;
  } else if (names.length > 0) {
    const all = Object.entries({ ...lock.packages, ...missing });
    lock.packages = Object.fromEntries(all.toSorted(([a], [b]) => a.localeCompare(b, 'en')));
    writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
    console.error(`package-lock.json: added ${names.length} platform packages`);
  }
}
