"""Sends as much as goes through in so many seconds, and reports what has arrived."""
import socket
import time

import tutti

seconds = float(tutti.me.params['seconds'])
block = bytes(256 * 1024)

port = tutti.get('port', wait=True)
with socket.create_connection((tutti.addr('server'), port)) as server:
    print('connected to', server.getpeername())
    tutti.barrier('ready')  # all clients begin together
    begun = time.monotonic()
    try:
        while time.monotonic() < begun + seconds:
            server.sendall(block)
        server.shutdown(socket.SHUT_WR)
        received = int(server.makefile().readline())
    except (OSError, ValueError):
        tutti.barrier('connection lost', timeout='5s')  # if the server has died, this raises and tells how
        raise
    took = time.monotonic() - begun

tutti.result('tcp', 'pass', measure=round(received * 8 / took / 1e6), unit='Mbit/s')
tutti.barrier('done')
