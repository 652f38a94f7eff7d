/**
 * What of Tutti itself a script finds, below the agent's state directory: `bin/tutti`, and `node/node`, which is in a
 * directory of its own so that putting it on `PATH` brings in nothing else. Replaced atomically at every start of the
 * agent, because a script may be running them.
 */
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface Tools {
  readonly shimDir: string;
  readonly nodeDir: string;
  readonly pythonDir: string;
  /** What Node reads before a driver. */
  readonly preload: string;
}

export async function makeTools(stateDir: string, nodePath: string, sdkDir: string): Promise<Tools> {
  const tools = {
    shimDir: join(stateDir, 'bin'),
    nodeDir: join(stateDir, 'node'),
    pythonDir: join(sdkDir, 'python'),
    preload: join(sdkDir, 'driver.js'),
  };
  await mkdir(tools.shimDir, { recursive: true, mode: 0o755 });
  await mkdir(tools.nodeDir, { recursive: true, mode: 0o755 });

  const shim = join(tools.shimDir, 'tutti');
  const text = `#!/bin/sh\nexec ${quote(nodePath)} ${quote(join(sdkDir, 'shim.js'))} "$@"\n`;
  await writeFile(`${shim}.tmp`, text, { mode: 0o755 });
  await rename(`${shim}.tmp`, shim);

  const node = join(tools.nodeDir, 'node');
  await rm(`${node}.tmp`, { force: true });
  await symlink(nodePath, `${node}.tmp`);
  await rename(`${node}.tmp`, node);
  return tools;
}

/** One word of shell, whatever it holds. */
function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
