/**
 * Where a lab keeps what, and the command lines of its daemons. Pure.
 *
 *   /tmp/tutti-XXXXXX/      0700, made and removed by the sweeper
 *     m.sock                the master listens here
 *     master/  n1/  n2/     state directories; each daemon removes its own
 *     master.log  n1.log    what each wrote to stderr
 */

import { dirname } from 'node:path';
import type { LabNode } from './addresses.ts';
import { pathTooLong } from './failures.ts';

/** `sun_path` has 108 bytes, the last of them NUL. */
const SOCKET_PATH_BYTES = 107;
const LONGEST_NAME = '/tutti-XXXXXX/m.sock';

/** The directory to make the lab's own in, both candidates real paths: `wanted` if sockets fit below it, else /tmp. */
export function baseDirectory(wanted: string | undefined, systemDefault: string): string {
  const dir = wanted ?? systemDefault;
  if (Buffer.byteLength(dir + LONGEST_NAME) <= SOCKET_PATH_BYTES) return dir;
  if (wanted !== undefined) throw pathTooLong(dir);
  return '/tmp';
}

export const masterUrl = (root: string): string => `unix:${root}/m.sock`;
export const tokenFile = (root: string): string => `${root}/master/admin.token`;
/** Options by which another command finds the master of a lab that runs. */
export const reachOptions = (url: string): string =>
  ` --master ${url} --token-file ${tokenFile(dirname(url.slice('unix:'.length)))}`;
export const logFile = (root: string, name: string): string => `${root}/${name}.log`;

export function masterArguments(root: string, runsDir: string): string[] {
  return ['master', '--state', `${root}/master`, '--listen', masterUrl(root), '--runs', runsDir, '--private'];
}

export function agentArguments(root: string, node: LabNode): string[] {
  const { name, address } = node;
  const connection = ['--master', masterUrl(root), '--token-file', tokenFile(root)];
  const identity = ['--name', name, '--address', address, '--label', 'lab=local'];
  return ['agent', '--state', `${root}/${name}`, ...connection, ...identity, '--private'];
}

/**
 * The environment of a lab's processes: the starter's, but for Tutti's own names. They point to another master or, in a
 * script that itself starts a lab, to another member.
 */
export function daemonEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const foreign = (name: string) => name.startsWith('TUTTI_') && !name.startsWith('TUTTI_CONF_');
  return Object.fromEntries(Object.entries(env).filter(([name]) => !foreign(name)));
}
