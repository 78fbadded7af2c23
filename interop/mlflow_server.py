"""A real MLflow server on loopback, and a bad proxy in front of one."""
import contextlib
import os
import random
import socket
import socketserver
import subprocess
import sys
import threading
import time
import urllib.request


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    """`mlflow server` with an sqlite store and the artifact proxy."""

    def __init__(self, folder):
        self.folder, self.port, self.process = folder, free_port(), None
        folder.mkdir()
        self.uri = f"http://127.0.0.1:{self.port}"

    def start(self):
        log = open(self.folder / "server.log", "ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", f"sqlite:///{self.folder}/store.db",
             "--artifacts-destination", str(self.folder / "artifacts"), "--host", "127.0.0.1", "--port", str(self.port), "--workers", "1"],
            stdout=log, stderr=log, start_new_session=True, env={**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"})
        for _ in range(600):
            with contextlib.suppress(OSError):
                if urllib.request.urlopen(self.uri + "/health").status == 200:
                    return self
            time.sleep(0.1)
        raise RuntimeError(f"the server did not start: see {self.folder}/server.log")

    def kill(self):
        if self.process:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, 9)
            self.process.wait()
            self.process = None


class Proxy(socketserver.ThreadingTCPServer):
    """Passes bytes on to a port, but for what chance and its faults do: a request in `drop` is cut off,
    before the server sees it or after; an answer in `garble` is nonsense; every answer waits `delay` seconds."""
    daemon_threads, allow_reuse_address = True, True

    def __init__(self, port, drop=0.0, garble=0.0, delay=0.0, seed=1):
        super().__init__(("127.0.0.1", 0), None)
        self.port, self.drop, self.garble, self.delay, self.random = port, drop, garble, delay, random.Random(seed)
        self.faults = 0
        self.uri = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def finish_request(self, request, client_address):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)) as behind:
            back = threading.Thread(target=self.copy, args=(behind, request, self.answer))
            back.start()
            self.copy(request, behind, self.request)
            back.join()

    def request(self, data):
        return self.half(data) if self.random.random() < self.drop / 2 else (data, True)

    def answer(self, data):
        time.sleep(self.delay)
        chance = self.random.random()
        if chance < self.drop / 2:
            return self.half(data)
        if chance < self.drop / 2 + self.garble:
            self.faults += 1
            return b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 21\r\n\r\n<html>Sign in!</html>", False
        return data, True

    def half(self, data):
        self.faults += 1
        return data[: len(data) // 2], False

    def copy(self, source, to, change):
        """Passes bytes on, as `change` gives them, until it says that the connection ends."""
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                data, more = change(data)
                to.sendall(data)
                if not more:
                    break
        for s in (source, to):
            with contextlib.suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)
