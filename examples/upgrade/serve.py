#!/usr/bin/env python3
"""Answers every request with the version that stands in the file `version` when it is started."""

import http.server
import sys

with open('version', encoding='utf-8') as file:
    version = file.read().encode()


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(version)


http.server.ThreadingHTTPServer(('', int(sys.argv[1])), Answer).serve_forever()
