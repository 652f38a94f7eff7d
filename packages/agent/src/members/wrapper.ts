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
 * - `stop.N` is looked for after joining and recording: a stop that found nobody to signal is seen here.
 *
 * The output pipes have names so that a script can reopen /dev/stderr. `wait` is not used: relays may outlive the wrapper,
 * for as long as a daemon that the script left holds its output.
 */
export const WRAPPER = String.raw`# Runs one member's script; made by tutti. See docs/architecture.md.
n=$1
procs=$2
boot=$3
shift 3

script_path=$PATH
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:$PATH
mkdir "claim.$n" 2>/dev/null || exit 0
trap : HUP INT QUIT ILL TRAP ABRT BUS FPE USR1 SEGV USR2 PIPE ALRM TERM TSTP TTIN TTOU XCPU XFSZ VTALRM PROF SYS

field_22_of_stat() { shift 19; start=$1; }
identify() {
  read -r stat </proc/self/stat
  read -r uptime _ </proc/uptime
  # The command in the second field may hold anything: what follows its last parenthesis begins with field 3.
  field_22_of_stat ${'$'}{stat##*)}
  self="${'$'}{stat%% *} $start $boot $uptime"
}
publish() { echo "$2" >"$1.tmp" && mv -f "$1.tmp" "$1"; }
relay() {
  trap '' HUP INT QUIT ILL TRAP ABRT BUS FPE USR1 SEGV USR2 PIPE ALRM TERM TSTP TTIN TTOU XCPU XFSZ VTALRM PROF SYS
  exec cat <"$1.pipe" >>"$1.$n"
}

identify
echo "$self" >"claim.$n/wrapper"
# Closed inside: a redirection of the whole would keep a copy of 3 under another number in some shells.
( exec 3>&-; relay stdout ) &
( exec 3>&-; relay stderr ) &
exec 4>&-

(
  exec 3>&- >stdout.pipe 2>stderr.pipe
  joined=out
  if [ -n "$procs" ]; then
    { echo 0 >"$procs"; } 2>/dev/null && joined=in
  fi
  identify
  publish "pid.$n" "$self $joined"
  [ -e "stop.$n" ] && exit 143
  cd work || exit 126
  unset PWD OLDPWD
  umask 022
  PATH=$script_path
  exec "$@"
)
code=$?
# A script that was stopped before it opened its pipes left the relays waiting in open(2): this lets them go.
: <>stdout.pipe <>stderr.pipe
read -r uptime _ </proc/uptime
publish "status.$n" "$code $uptime"
`;
