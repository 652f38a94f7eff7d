"""round-trips.py HOST PORT COUNT: measures how long an echo server takes to answer, and prints percentiles in ms."""
import socket
import sys
import time

host, port, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])

times = []
with socket.create_connection((host, port)) as server:
    for _ in range(count):
        sent = time.monotonic()
        server.sendall(b'ping')
        if not server.recv(4096):
            sys.exit('the server has closed the connection')
        times.append(time.monotonic() - sent)

times.sort()
for percent in (50, 90, 99):
    print('p%d %.3f' % (percent, times[(count * percent - 1) // 100] * 1e3))
