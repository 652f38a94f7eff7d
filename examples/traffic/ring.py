"""A token goes round: each member gets it from the one before it and hands it to the one after it.

All members of the test form the ring, whatever their role and however many there are. The token is a number to which
everybody adds one, so at the end it tells whether it has really been everywhere.
"""
import socket
import time

import tutti

laps = int(tutti.me.params['laps'])
ring = [each['member'] for each in tutti.topology()['members']]
here = ring.index(tutti.me.member)
before, after = ring[here - 1], ring[(here + 1) % len(ring)]
first = here == 0

with socket.socket() as listener:
    listener.bind(('', 0))
    listener.listen(1)
    # A barrier with data: everybody comes with its own port and leaves with everybody's.
    ports = tutti.barrier('listening', data=listener.getsockname()[1]).data
    out = socket.create_connection((tutti.addr(after), ports[after]))
    into, _ = listener.accept()
out.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # a token does not wait until the packet is full
incoming = into.makefile('rb')


def hand_on(token):
    out.sendall(token.to_bytes(8, 'big'))


def take():
    token = incoming.read(8)
    if len(token) < 8:
        raise ConnectionError('%s has gone' % before)
    return int.from_bytes(token, 'big') + 1


print('from %s, to %s' % (before, after))
tutti.barrier('connected')
begun = time.monotonic()
try:
    if first:
        hand_on(0)
    for lap in range(laps):
        token = take()
        if not (first and lap == laps - 1):
            hand_on(token)
except OSError:
    tutti.barrier('connection lost', timeout='5s')  # if somebody has died, this raises and tells who and how
    raise
took = time.monotonic() - begun

if first:
    hops = laps * len(ring)
    complete = token == hops
    tutti.result('token', 'pass' if complete else 'fail', message='%d hops of %d' % (token, hops))
    tutti.result('lap', 'pass', measure=round(took / laps * 1e3, 3), unit='ms')
    tutti.result('hop', 'pass', measure=round(took / hops * 1e6, 1), unit='us')
tutti.barrier('done')
