#!/usr/bin/env python3
"""Asks all servers, and prints the versions of those that answer, one a line."""

import sys
import urllib.request

for host in sys.argv[2:]:
    try:
        with urllib.request.urlopen('http://%s:%s/' % (host, sys.argv[1]), timeout=2) as answer:
            print(answer.read().decode())
    except OSError as error:
        print('%s: %s' % (host, error), file=sys.stderr)
