/**
 * The few lines of `sh` around a script, so that a killed or upgraded agent disturbs nothing.
 *
 * Arguments: incarnation, the cgroup's `cgroup.procs` or an empty word, the boot id, the command. Runs in the member directory with
 * the script's environment; 3 is the write end of `alive.N`, 4 that of `drained.N`. POSIX only: dash, bash and busybox
 * run it. What it guarantees:
 *
 * - A member starts once: the claim is a `mkdir`, which succeeds for one.
 * - 3 is held by the wrapper alone and 4 by the relays alone, so end-of-file on `alive.N` means that the wrapper is gone
 *   and on `drained.N` that all output is in the files.
 * - `kill 0` reaches wrapper and relays too, as they share the script's process group. The wrapper has handlers (an
 *   ignored signal would stay ignored in the script) and waits on; the relays ignore signals, and do so before the script
 *   can start, because opening a pipe waits for the relay at its other end.
 * - The script is a child in the foreground, which sh waits for whatever traps run: `$?` is its own status.
 * - Only the script joins the cgroup: killing everything in it leaves the wrapper to write the status.
 * - Its variables are called `tutti_…`, as a shell exports what it assigns to a name that the script's environment has.
 * - `stop.N` is looked for after joining and recording: a stop that found nobody to signal is seen here.
 *
 * The output pipes have names so that a script can reopen /dev/stderr. `wait` is not used: relays may outlive the wrapper,
 * for as long as a daemon that the script left holds its output.
 */
export const WRAPPER = String.raw`# Runs one member's script; made by tutti. See docs/architecture.md.
tutti_n=$1
tutti_procs=$2
tutti_boot=$3
shift 3

tutti_script_path=$PATH
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:$PATH
mkdir "claim.$tutti_n" 2>/dev/null || exit 0
tutti_signals='HUP INT QUIT ILL TRAP ABRT BUS FPE USR1 SEGV USR2 PIPE ALRM TERM TSTP TTIN TTOU XCPU XFSZ VTALRM PROF SYS'
trap : $tutti_signals

field_22_of_stat() { shift 19; tutti_start=$1; }
identify() {
  read -r tutti_stat </proc/self/stat
  read -r tutti_uptime tutti_rest </proc/uptime
  # The command in the second field may hold anything: what follows its last parenthesis begins with field 3.
  field_22_of_stat ${'$'}{tutti_stat##*)}
  tutti_self="${'$'}{tutti_stat%% *} $tutti_start $tutti_boot $tutti_uptime"
}
publish() { echo "$2" >"$1.tmp" && mv -f "$1.tmp" "$1"; }
relay() {
  trap '' $tutti_signals
  exec cat <"$1.pipe" >>"$1.$tutti_n"
}

identify
echo "$tutti_self" >"claim.$tutti_n/wrapper"
# Closed inside: a redirection of the whole would keep a copy of 3 under another number in some shells.
( exec 3>&-; relay stdout ) &
( exec 3>&-; relay stderr ) &
exec 4>&-

(
  exec 3>&- >stdout.pipe 2>stderr.pipe
  tutti_joined=out
  if [ -n "$tutti_procs" ]; then
    { echo 0 >"$tutti_procs"; } 2>/dev/null && tutti_joined=in
  fi
  identify
  publish "pid.$tutti_n" "$tutti_self $tutti_joined"
  [ -e "stop.$tutti_n" ] && exit 143
  cd work || exit 126
  unset PWD OLDPWD
  umask 022
  PATH=$tutti_script_path
  exec "$@"
)
tutti_code=$?
# What the script's group is still being sent must not end the mv that publishes the status.
trap '' $tutti_signals
# A script that was stopped before it opened its pipes left the relays waiting in open(2): this lets them go.
: <>stdout.pipe <>stderr.pipe
read -r tutti_uptime tutti_rest </proc/uptime
publish "status.$tutti_n" "$tutti_code $tutti_uptime"
`;
