"""A web server that knows no cloud. It listens where HOST and FC_SERVER_PORT or PORT say, or on 0.0.0.0:9000.

Each answer starts a refresh of its cache that ends a moment later, as servers like to do. Functions are
frozen once they have answered, so on both clouds such work goes on only while a later request is answered.
"""

import json
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

REFRESH_S = 0.1
counts = {"answered": 0, "refreshed": 0}
lock = threading.Lock()


def count(name):
    with lock:
        counts[name] += 1
        return dict(counts)


class Site(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path.startswith("/counts"):
            self.answer(200, count("answered"))
        elif self.path == "/":
            self.answer(200, {"hello": "world"})
        else:
            self.answer(404, {"message": "There is no such page."})
        refresh = threading.Timer(REFRESH_S, count, ["refreshed"])
        refresh.daemon = True
        refresh.start()

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.path == "/initialize":
            self.answer(200, {})
        else:
            self.answer(200, {"method": "POST", "path": self.path, "body": body.decode()})

    def answer(self, status, content):
        text = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, form, *values):
        print(form % values, flush=True)


if __name__ == "__main__":
    port = int(os.environ.get("FC_SERVER_PORT") or os.environ.get("PORT") or 9000)
    host = os.environ.get("HOST", "0.0.0.0")  # noqa: S104 - Function Compute asks servers to listen there
    ThreadingHTTPServer((host, port), Site).serve_forever()
