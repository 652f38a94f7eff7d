#!/usr/bin/env python3
"""A tiny stand-in for a database: keys and values, one primary, standbys that follow it.

    store.py serve PORT              a primary
    store.py serve PORT HOST         a standby that follows the primary on HOST
    store.py ask HOST PORT WORDS     set KEY VALUE | get KEY | role | promote

A write is answered when every standby that follows has it. STORE_LOSE=N keeps every Nth write from them: a defect to be found.
"""

import os
import socket
import socketserver
import sys
import threading

values = {}
followers = []
state = {'role': 'primary', 'writes': 0}
lock = threading.Lock()
lose = int(os.environ.get('STORE_LOSE', '0'))


def answer(words):
    """One request, under the lock."""
    verb = words[0] if words else ''
    if verb == 'get':
        return values.get(words[1], 'none')
    if verb == 'role':
        return state['role']
    if verb == 'promote':
        state['role'] = 'primary'
        return 'ok'
    if verb != 'set':
        return 'error: what is %s?' % verb
    if state['role'] != 'primary':
        return 'error: read-only, as this is a standby'
    values[words[1]] = words[2]
    state['writes'] += 1
    if lose and state['writes'] % lose == 0:
        return 'ok'
    for follower in list(followers):
        try:
            follower.write(('%s %s\n' % (words[1], words[2])).encode())
            follower.flush()
            if not follower.acknowledgements.readline():
                followers.remove(follower)
        except OSError:
            followers.remove(follower)
    return 'ok'


class Session(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            words = line.decode().split()
            if words == ['follow']:
                self.lead()
                return
            with lock:
                said = answer(words)
            self.wfile.write((said + '\n').encode())

    def lead(self):
        """All that there is, then what comes, each acknowledged."""
        with lock:
            out = self.connection.makefile('wb')
            out.acknowledgements = self.rfile
            for key, value in values.items():
                out.write(('%s %s\n' % (key, value)).encode())
                out.flush()
                self.rfile.readline()
            out.write(b'\n')
            out.flush()
            self.rfile.readline()
            followers.append(out)
        gone.wait()


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


gone = threading.Event()


def follow(primary):
    words = primary.makefile('rwb')
    words.write(b'follow\n')
    words.flush()
    for line in words:
        with lock:
            if state['role'] != 'standby':
                return
            if line.strip():
                key, value = line.decode().split()
                values[key] = value
            else:
                print('caught up: %d keys' % len(values), flush=True)
        words.write(b'ok\n')
        words.flush()
    print('the primary is gone', flush=True)


def serve(port, primary=None):
    if primary is not None:
        state['role'] = 'standby'
        connection = socket.create_connection((primary, port))
        threading.Thread(target=follow, args=(connection,), daemon=True).start()
    with Server(('', port), Session) as server:
        print('serving as %s' % state['role'], flush=True)
        server.serve_forever()


def ask(host, port, *words):
    with socket.create_connection((host, port), 5) as connection:
        connection.sendall((' '.join(words) + '\n').encode())
        said = connection.makefile().readline().strip()
    print(said)
    sys.exit(1 if said.startswith('error') or not said else 0)


if sys.argv[1] == 'serve':
    serve(int(sys.argv[2]), *sys.argv[3:])
else:
    ask(sys.argv[2], int(sys.argv[3]), *sys.argv[4:])
