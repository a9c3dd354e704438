"""Prints the alerts that an Alertmanager tells it: for a first look, in place of mail or a chat.

python3 alert-receiver.py [PORT]
"""

import json
import signal
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        length = int(self.headers["Content-Length"])
        for alert in json.loads(self.rfile.read(length))["alerts"]:
            name, texts = alert["labels"]["alertname"], alert["annotations"]
            print(f"{alert['status']}: {name}: {texts['summary']}")
            print(texts["description"])
            print(f"What to do: {texts['runbook_url']}", end="\n\n", flush=True)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it, without a traceback
port = int(sys.argv[1]) if len(sys.argv) > 1 else 5001
try:
    server = HTTPServer(("127.0.0.1", port), Receiver)
except OSError as cause:
    sys.exit(f"alert-receiver: listening on 127.0.0.1:{port}: {cause}; give another port here and in alertmanager.yml")
server.serve_forever()
