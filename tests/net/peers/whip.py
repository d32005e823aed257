"""WHIP and WHEP by plain HTTP, and the JSON lines that the peers speak with their test."""
import json
import sys
import threading
import urllib.error
import urllib.request
from urllib.parse import urljoin


class Refused(Exception):
    pass


class Session:
    def __init__(self, url, token):
        self.url, self.token, self.location = url, token, None

    def _request(self, method, url, body=None, content_type=None):
        request = urllib.request.Request(url, data=body, method=method)
        if self.token:
            request.add_header("Authorization", "Bearer " + self.token)
        if content_type:
            request.add_header("Content-Type", content_type)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, answer.headers, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read().decode()

    def offer(self, sdp):
        """The answer's SDP."""
        status, headers, text = self._request("POST", self.url, sdp.encode(), "application/sdp")
        if status != 201:
            raise Refused("%d %s" % (status, text))
        self.location = urljoin(self.url, headers["Location"])
        return text

    def end(self):
        if self.location:
            self._request("DELETE", self.location)
            self.location = None


def say(event, **fields):
    print(json.dumps({"event": event, **fields}), flush=True)


def when_stdin_closes(call):
    """The test ends a peer by closing its standard input."""
    def wait():
        while sys.stdin.readline():
            pass
        call()
    threading.Thread(target=wait, daemon=True).start()
