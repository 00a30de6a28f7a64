"""The proxy in front of the server: starts it with the instance and passes requests of a function URL on."""

import base64
import http.client
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

START_LIMIT_S = 10
HOP = {"connection", "host", "content-length", "transfer-encoding"}


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def started():
    port = free_port()
    server = Path(__file__).with_name("server.py")
    place = {"HOST": "127.0.0.1", "PORT": str(port)}
    subprocess.Popen([sys.executable, "-u", str(server)], env={**os.environ, **place})
    end = time.monotonic() + START_LIMIT_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return port
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)


PORT = started()


def handler(event, context):
    body = event.get("body") or ""
    sent = base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()
    query = f"?{event['rawQueryString']}" if event.get("rawQueryString") else ""
    headers = {name: value for name, value in event.get("headers", {}).items() if name.lower() not in HOP}
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=15)
    connection.request(event["requestContext"]["http"]["method"], event["rawPath"] + query, sent, headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return {
        "statusCode": answer.status,
        "headers": {"content-type": answer.getheader("content-type")},
        "body": text,
    }
