/**
 * How a daemon is started so that nothing about it is missing when its first instruction runs: a shell stands in its place
 * and waits for one line on stdin. Meanwhile the sweeper is told its process id and its network is wired; then the shell
 * finishes the network from inside and becomes the daemon. The process id stays the same throughout.
 *
 *   starter                      shell
 *      │ ◀──────────── "held" ─────│   its namespace exists
 *      │   …sweeper, veth pair…    │
 *      │ ─────────── one line ────▶│   ip -batch, exec
 *      │ ─────── end of file ─────▶│   at any time: exit; after exec it is the daemon that must
 *
 * `read` takes one byte at a time from a pipe, so the rest of stdin is the daemon's.
 */
import type { Tools } from './choose-net.ts';
import type { Argv } from './run-tool.ts';

const SCRIPT = `
echo held
read -r _ || exit 0
[ -z "$2" ] || printf %s "$2" | "$1" -batch - || exit
shift 2
exec "$@"
`;

/** To be followed by the daemon's own command line. */
export function gate(name: string): Argv {
  return ['/bin/sh', '-c', SCRIPT, name, '', ''];
}

/** The same in a network namespace of its own; `commands` are for `ip`, run inside it. */
export function namespaceGate(name: string, tools: Tools, commands: string): Argv {
  return [tools.unshare, '--net', '--', '/bin/sh', '-c', SCRIPT, name, tools.ip, commands];
}
