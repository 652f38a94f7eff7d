#!/bin/sh -e
port=$(tutti get port --wait)
tutti barrier ready
echo "$TUTTI_PARAM_ROUNDS round trips to $TUTTI_ADDR_SERVER port $port"

# What is in $TUTTI_OUT when the script ends is kept with the report.
python3 round-trips.py "$TUTTI_ADDR_SERVER" "$port" "$TUTTI_PARAM_ROUNDS" >"$TUTTI_OUT/percentiles" || {
  tutti barrier 'connection lost' --timeout 5s # if the server has died, this fails and tells how
  exit 1
}
while read -r percentile ms; do
  tutti result "$percentile" pass --measure "$ms" --unit ms
done <"$TUTTI_OUT/percentiles"

tutti barrier done
