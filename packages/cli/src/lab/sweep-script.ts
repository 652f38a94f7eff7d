/**
 * The sweeper's program. POSIX sh, as a runtime of its own must not be needed for this: it lives as long as the lab and
 * costs half a megabyte.
 *
 *   stdin   one line per daemon, before the daemon may run: its pid, its start time, its network namespace or "-"
 *           end of file: the lab is over, in whatever way
 *   stdout  the lab's directory, once
 *
 * At the end it gives the daemons time to end by themselves and kills those that do not; kills what they left behind;
 * unmounts what tests left mounted below the directory, as `rm` must not reach into it; removes the directory. Exit
 * status 0 if nothing is left.
 *
 * - A daemon is known by pid *and* start time (field 22 of `stat`): a reused pid is nobody's business. A zombie counts as
 *   gone: where pid 1 is no init, it stays.
 * - Left behind is, after the daemons are gone, what lives in one of their namespaces or has a member's environment
 *   (`TUTTI_OUT` lies below the lab's directory).
 * - Mount points are listed by their real paths, with blanks as octal numbers (hence `%b`): `base` has to be real too.
 * - It holds every namespace it is told of, by a descriptor of its own: a number that nobody holds is soon that of another
 *   lab's namespace. POSIX shells have single-digit descriptors only, so a subshell takes over when they are used up, does
 *   the rest, and leaves those that came before to the shell around it.
 * - What a killed agent leaves outside of the directory: sockets and a directory for them, which it has written down; a
 *   cgroup for its members, named after its id, beside the sweeper.
 * - SIGPIPE is ignored, else the line to a starter that has just been killed would end it before it has done its work.
 */
export const SWEEP_SCRIPT = `
trap '' HUP INT TERM PIPE
base=$1 ticks=$2 root=$3
[ -n "$root" ] || root=$(mktemp -d "$base/tutti-XXXXXX") || exit 1
printf '%s\\n' "$root"

daemons= nets=' ' fd=2
gather() {
  while read -r pid start net; do
    daemons="$daemons $pid:$start"
    if [ "$net" = - ]; then continue; fi
    if [ "$fd" -eq 9 ]; then
      (
        fd=2
        hold
        gather
        finish
      )
      exit
    fi
    hold
  done
}

hold() {
  fd=$((fd + 1))
  if eval "command exec $fd<'/proc/$pid/ns/net'" 2>/dev/null; then nets="$nets$net "; fi
}

alive() {
  { read -r stat <"/proc/\${1%:*}/stat"; } 2>/dev/null || return 1
  set -- "\${1#*:}" \${stat##*) }
  [ "$2" != Z ] && [ "\${21}" = "$1" ]
}

strays() {
  grep -lsF "TUTTI_OUT=$root/" /proc/[0-9]*/environ
  stat -Lc '%i %n' /proc/[0-9]*/ns/net | while read -r net path; do
    case $nets in *" $net "*) echo "$path" ;; esac
  done
} 2>/dev/null

mounts() {
  while read -r _ dir _; do
    case $dir in "$root"/*) printf '%s\\n' "$dir" ;; esac
  done </proc/self/mounts
}

groups=
while read -r _ dir type _; do
  [ "$type" != cgroup2 ] || groups=$dir$(sed -n s/^0:://p /proc/self/cgroup)
done </proc/self/mounts

outside() {
  sed -n 's/.*"socket":"\\([^"]*\\)".*/\\1/p' "$root"/*/members/*/started.* | while read -r socket; do
    rm -f -- "$socket" "$socket.tmp"
  done
  for note in "$root"/*/runtime-dir; do
    [ ! -f "$note" ] || rmdir -- "$(cat "$note")"
  done
  for id in "$root"/*/agent.id; do
    [ ! -f "$id" ] || find "$groups/tutti-$(cut -c 1-8 "$id")" -depth -type d -exec rmdir -- {} +
  done
} 2>/dev/null

sweep() {
  found=$(strays)
  for path in $found; do
    pid=\${path#/proc/}
    kill -s KILL "\${pid%%/*}" 2>/dev/null
  done
  [ -z "$found" ] || return 1
  mounts | while read -r dir; do umount "$(printf %b "$dir")" 2>/dev/null; done
  [ -z "$(mounts)" ] || return 1
  outside
  rm -rf -- "$root" 2>/dev/null
  [ ! -e "$root" ]
}

finish() {
  for daemon in $daemons; do
    while alive "$daemon" && [ "$ticks" -gt 0 ]; do
      sleep 0.05
      ticks=$((ticks - 1))
    done
    if alive "$daemon"; then kill -s KILL -- "-\${daemon%:*}" 2>/dev/null; fi
  done

  rounds=100
  until sweep; do
    rounds=$((rounds - 1))
    if [ "$rounds" -eq 0 ]; then
      echo "could not remove everything below $root" >&2
      exit 1
    fi
    sleep 0.05
  done
}

gather
finish
`;
