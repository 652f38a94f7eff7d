"""echo.py FILE: sends back what it gets, to any number at once. Writes the port on which it listens to FILE."""
import os
import socketserver
import sys


class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        while True:
            data = self.request.recv(4096)
            if not data:
                return
            self.request.sendall(data)


with socketserver.ThreadingTCPServer(('', 0), Echo) as server:
    with open(sys.argv[1] + '.new', 'w') as file:
        print(server.server_address[1], file=file)
    os.rename(sys.argv[1] + '.new', sys.argv[1])  # who waits for the file finds it complete
    server.serve_forever()
