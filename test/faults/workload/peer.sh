#!/bin/sh
# Meets the others round after round, and does all that can be done at a meeting. What it prints is numbered; what it has done is
# also noted outside of its machine. It reboots when it is asked to, and goes on in the round where it was.
set -e
me=$TUTTI_MEMBER
boot=$TUTTI_REBOOT_COUNT
notes=$TUTTI_PARAM_LAB/notes/$TUTTI_RUN/$TUTTI_TEST
mkdir -p "$notes"

n=0
say() {
  n=$((n + 1))
  echo "$me $boot $n $*" | tee /dev/stderr
}
# Many lines at once, so that some are on their way when something breaks.
burst() {
  (
    last=$((n + $1))
    while [ "$n" -lt "$last" ]; do
      n=$((n + 1))
      echo "$me $boot $n filler"
    done
  ) | tee /dev/stderr
  n=$((n + $1))
}
# Says what a call has answered.
ask() {
  word=$1
  shift
  answer=$(tutti "$@")
  say "$word $answer"
}
ghost() { timeout -s KILL 0.5 tutti "$@" && : >haunted || :; }
note() { echo "$*" >>"$notes/$me"; }

note "begin $boot $(date +%s%3N)"
round=0
[ ! -e round ] || round=$(cat round)
say "begins in round $round"
while [ "$round" -lt "$TUTTI_PARAM_ROUNDS" ]; do
  if rm "$TUTTI_PARAM_LAB/please-reboot/$TUTTI_NODE" 2>/dev/null; then
    say reboots
    note "reboot $boot $n $(date +%s%3N)"
    exec tutti reboot
  fi
  burst 100

  # Ghosts: callers that are killed while they wait. What they asked for must not come about.
  if [ "$TUTTI_INDEX" != 0 ]; then
    (ghost barrier "late $round" --data '"ghost"') 2>/dev/null &
    (ghost take "later $round") 2>/dev/null &
    (ghost get "never $round" --wait) 2>/dev/null &
    wait
    [ ! -e haunted ]
  fi
  ask meet barrier meet --data "\"$me in $round\"" --json
  ask late barrier "late $round" --data "\"$me in $round\"" --json

  ask incr incr turns
  ask sent send jobs "\"$me in $round\""
  ask took take jobs --json
  tutti send "later $round" "\"$me in $round\"" >/dev/null
  ask later take "later $round" --json
  ask heard recv jobs --json
  ask heard recv jobs --json
  ask heard recv jobs --json
  tutti lock door -- sh -c 'echo "enter $1" >>"$0"; sleep 0.05; echo "leave $1" >>"$0"' "$notes/door" "$me"

  # Everybody in the group hears this: wrapper, relays and script.
  trap : TERM
  kill 0
  trap - TERM
  round=$((round + 1))
  echo "$round" >round
done

head -c 300000 /dev/urandom >"$TUTTI_OUT/noise"
say "artifact noise $(sha256sum <"$TUTTI_OUT/noise" | cut -d' ' -f1)"
tutti result rounds pass --measure "$round"
say end
note "finish $boot $n $(date +%s%3N)"
