/** Processes of this machine, found by words in their command line or environment: a test's own temporary directory. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { eventually } from '@tutti/testkit';

export interface Found {
  pid: number;
  commandLine: string;
  environment: Record<string, string>;
  /** Inode of its network namespace. */
  network: string;
}

/** Not this process, and no zombie. */
export function processesWith(words: string): Found[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => {
      const [commandLine, environ] = [read(`/proc/${name}/cmdline`), read(`/proc/${name}/environ`)];
      if (!commandLine.includes(words) && !environ.includes(words)) return [];
      const environment = Object.fromEntries(
        environ
          .split('\0')
          .filter((pair) => pair.includes('='))
          .map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
      );
      const found = { pid: Number(name), commandLine: commandLine.replaceAll('\0', ' ').trim(), environment };
      return [{ ...found, network: networkOf(name) }];
    });
}

/** Gives them the time to end by themselves that a private lab is promised, and kills what is still there. */
export async function endProcessesWith(words: string, patience = 20_000): Promise<void> {
  const none = () => processesWith(words).length === 0;
  const ended = await eventually(none, { timeout: patience, every: 20 }).catch(() => false);
  if (ended) return;
  await eventually(
    () => {
      for (const { pid } of processesWith(words)) kill(pid);
      return none();
    },
    { every: 20 },
  );
}

export function networkOf(pid: number | string): string {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return ''; // it has ended, or is somebody else's
  }
}

export function kill(pid: number, signal: NodeJS.Signals = 'SIGKILL'): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // it has ended, or is the kernel's own
  }
}
