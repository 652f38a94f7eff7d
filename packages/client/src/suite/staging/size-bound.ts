/** The bounds of what is staged, and errors that say what takes the room. */
import { LIMITS, TuttiError } from '@tutti/protocol';
import type { Found } from './found.ts';

/** Stops a walk through somebody's home directory before it has seen all of it. */
export function refuseTooMany(found: readonly Found[], more: readonly string[]): void {
  const limit = LIMITS.stagedFiles.value;
  if (found.length + more.length <= limit) return;
  const paths = [...found.map(({ path }) => path), ...more];
  const most = largest(paths.map((path) => [path, 1] as const)).map(([name, count]) => `${name} (${count})`);
  throw new TuttiError(
    'SUITE_TOO_BIG',
    `more than ${limit} files to send to the machines; most are in ${most.join(', ')}: list what the tests do not need in .tuttiignore`,
  );
}

export function refuseTooLarge(found: readonly Found[], big: boolean): void {
  const files = found.filter((entry) => entry.kind === 'file');
  const total = files.reduce((sum, { size }) => sum + size, 0);
  const limit = LIMITS.stagedBytes.value;
  if (big || total <= limit) return;
  const most = largest(files.map(({ path, size }) => [path, size] as const));
  const named = most.map(([name, size]) => `${name} (${readable(size)})`).join(', ');
  throw new TuttiError(
    'SUITE_TOO_BIG',
    `${readable(total)} to send to the machines, more than ${readable(limit)}; the largest: ${named}: ` +
      'list what the tests do not need in .tuttiignore, or say --big',
    { details: { total, largest: Object.fromEntries(most) } },
  );
}

/** The three first names of paths with the greatest sums: what one would write into `.tuttiignore`. */
function largest(amounts: Iterable<readonly [path: string, amount: number]>): [string, number][] {
  const sums = new Map<string, number>();
  for (const [path, amount] of amounts) {
    const slash = path.indexOf('/');
    const name = slash < 0 ? path : path.slice(0, slash + 1);
    sums.set(name, (sums.get(name) ?? 0) + amount);
  }
  return [...sums].toSorted((a, b) => b[1] - a[1]).slice(0, 3);
}

function readable(bytes: number): string {
  const kibibytes = Math.ceil(bytes / 1024);
  return kibibytes < 1024 ? `${kibibytes} KiB` : `${Math.round(kibibytes / 1024)} MiB`;
}
