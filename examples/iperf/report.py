"""report.py FILE: makes subtests of what `iperf3 -J` has written."""
import json
import sys

import tutti

with open(sys.argv[1]) as file:
    measured = json.load(file)

if 'error' in measured:
    tutti.result('tcp', 'fail', message=measured['error'])
else:
    sent, received = measured['end']['sum_sent'], measured['end']['sum_received']
    tutti.result('tcp', 'pass', measure=round(received['bits_per_second'] / 1e6), unit='Mbit/s')
    if 'retransmits' in sent:  # not on every system
        tutti.result('retransmits', 'pass', measure=sent['retransmits'], unit='segments')
