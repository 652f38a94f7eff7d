#!/bin/sh -e
command -v iperf3 || { echo 'iperf3 is not installed'; exit 77; }
tutti barrier ready

# An iperf3 server serves one client at a time, so each waits for the one before it.
if [ "$TUTTI_INDEX" -gt 0 ]; then
  tutti get "finished.$((TUTTI_INDEX - 1))" --wait
fi

json=$TUTTI_OUT/iperf3.json
iperf3 -c "$TUTTI_ADDR_SERVER" -p "$TUTTI_PARAM_PORT" -t "$TUTTI_PARAM_SECONDS" -P "$TUTTI_PARAM_STREAMS" -J >"$json" ||
  echo "iperf3 ended with status $?" # why is in the JSON
tutti set "finished.$TUTTI_INDEX" true
python3 report.py "$json"

tutti barrier done
