#!/bin/sh -e
# Every member runs this. With -e, a barrier that breaks ends the script: nobody goes on alone.

term=1
while [ "$term" -le "$TUTTI_PARAM_TERMS" ]; do
  # Exactly one member gets rank 0: who came first leads. The same barrier serves every term.
  rank=$(tutti barrier elect --rank)
  if [ "$rank" = 0 ]; then
    tutti set "leader.$term" "$TUTTI_MEMBER"
  fi

  # The others learn the name as soon as it is set.
  leader=$(tutti get "leader.$term" --wait)
  echo "term $term: $leader leads"

  # Trust nobody: all tell all whom they follow, and each looks whether there is more than one name.
  # {"generation":0,"rank":2,"size":3,"data":{"node.1":"node.0","node.0":"node.0","node.2":"node.0"}}
  votes=$(tutti barrier agree --data-raw "$leader" --json)
  leaders=$(echo "$votes" | grep -o '"node\.[0-9]*":"[^"]*"' | cut -d : -f 2 | sort -u | wc -l)
  if [ "$leaders" = 1 ]; then
    tutti result "term $term" pass --message "$leader leads"
  else
    tutti result "term $term" fail --message "$leaders leaders: $votes"
  fi
  term=$((term + 1))
done
