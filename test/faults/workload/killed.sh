#!/bin/sh
# Two members. The first kills its own wrapper, as somebody short of memory might: what it had printed must be there, and its end
# must be told. The second waits for who will never come, and is told so.
notes=$TUTTI_PARAM_LAB/notes/$TUTTI_RUN/$TUTTI_TEST
mkdir -p "$notes"
note() { echo "$*" >>"$notes/$TUTTI_MEMBER"; }
note "begin $TUTTI_REBOOT_COUNT $(date +%s%3N)"
n=0
while [ "$n" -lt 50 ]; do
  n=$((n + 1))
  echo "$TUTTI_MEMBER $TUTTI_REBOOT_COUNT $n before the kill" | tee /dev/stderr
done
tutti barrier both || exit
if [ "$TUTTI_INDEX" = 0 ]; then
  note "finish $TUTTI_REBOOT_COUNT $n $(date +%s%3N)"
  read -r wrapper rest <"../claim.$TUTTI_REBOOT_COUNT/wrapper"
  kill -KILL "$wrapper"
  while :; do sleep 1; done
fi
tutti barrier both
status=$?
note "finish $TUTTI_REBOOT_COUNT $n $(date +%s%3N)"
exit "$status"
