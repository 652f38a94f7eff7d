#!/bin/sh -e
port=$(tutti get port --wait)
tutti barrier ready
echo "$TUTTI_PARAM_ROUNDS round trips to $TUTTI_ADDR_SERVER port $port"

# What is in $TUTTI_OUT goes into the report. If the server has died, the barrier fails and tells how.
node round-trips.mjs "$TUTTI_ADDR_SERVER" "$port" "$TUTTI_PARAM_ROUNDS" >"$TUTTI_OUT/percentiles" || {
  tutti barrier done
  exit 1
}
while read -r percentile ms; do
  tutti result "$percentile" pass --measure "$ms" --unit ms
done <"$TUTTI_OUT/percentiles"

tutti barrier done
