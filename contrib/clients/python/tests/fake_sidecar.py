# SPDX-License-Identifier: MIT
"""A sidecar in a thread: speaks the frames, accepts each transaction id once, and fails on demand."""
from __future__ import annotations

import collections
import json
import os
import socket
import sys
import tempfile
import threading

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Scope:
    """What a connection has open."""

    def __init__(self, depth: int = 0) -> None:
        self.depth = depth
        self.queued: list = []


class FakeSidecar:
    """`faults` are taken one per request:

    - `"ok"`: none
    - `"cut"`: closes before executing
    - `"execute_and_cut"`: executes, then closes without a reply
    - `"half_reply"`: executes, then closes in the middle of the reply's frame
    - `"half_header"`: executes, then closes inside the reply's length
    - `"dribble"`: replies byte by byte
    - `"silence"`: executes and never replies
    - `"garbage"`: replies with bytes that are no frame
    - `"farewell"`: replies with an error without id, then closes
    - `"queue"`: replies as inside a scope, whether the client is in one or not
    - a dict: replies with it as the error and executes nothing
    """

    def __init__(self, *faults) -> None:
        self.faults = collections.deque(faults)
        self.accepted: dict = {}
        self.requests: list = []
        self.connections = 0
        self.hold = 0  # replies that are kept back and then sent in reverse
        self.events: list = []
        self.results: dict = {}  # by method: those that come next
        self.reading = threading.Event()  # cleared: frames are read no further than their length
        self.reading.set()
        self.on_silence = lambda: None  # called when a client waits in vain
        self._directory = tempfile.TemporaryDirectory()
        self.path = os.path.join(self._directory.name, "s.sock")
        self._open: set = set()
        self._listener: socket.socket = self._listen()

    def __enter__(self) -> FakeSidecar:
        return self

    def __exit__(self, *_) -> None:
        self.stop()
        self._directory.cleanup()

    def stop(self) -> None:
        """As a killed process: the listener and all connections close, the accepted transactions stay."""
        self.reading.set()
        os.unlink(self.path)
        self._close(self._listener)
        for connection in list(self._open):
            self._close(connection)

    def start_again(self) -> None:
        self._listener = self._listen()

    def methods(self) -> list:
        return [request["method"] for request in self.requests]

    def _listen(self) -> socket.socket:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(self.path)
        listener.listen()
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
        return listener

    def _accept(self, listener) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.add(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection) -> None:
        held: list = []
        scope = Scope()
        try:
            while True:
                header = self._exactly(connection, 4)
                if not self.reading.is_set():
                    self.on_silence()
                    self.reading.wait()
                payload = self._exactly(connection, int.from_bytes(header, "big"))
                request = json.loads(payload)
                self.requests.append(request)
                fault = self.faults.popleft() if self.faults else "ok"
                if fault == "cut":
                    return
                reply = self._reply(request, fault, scope)
                if self.hold:
                    held.append(reply)
                    if len(held) < self.hold:
                        continue
                    connection.sendall(b"".join(reversed(held)))
                    held, self.hold = [], 0
                elif not self._send(connection, reply, fault):
                    return
                for event in self.events if request["method"] == "transaction.subscribe" else ():
                    connection.sendall(frame({"jsonrpc": "2.0", "method": "transaction.event", "params": event}))
        except OSError:
            pass
        finally:
            self._close(connection)

    def _send(self, connection, reply: bytes, fault) -> bool:
        """False: the connection is to be closed."""
        if fault == "execute_and_cut":
            return False
        if fault in ("half_reply", "half_header"):
            connection.sendall(reply[:2] if fault == "half_header" else reply[:len(reply) // 2])
            return False
        if fault == "garbage":
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            return False
        if fault == "farewell":
            connection.sendall(frame({"jsonrpc": "2.0", "id": None, "error": error("frame_error", -32013)}))
            return False
        if fault == "dribble":
            for byte in reply:
                connection.sendall(bytes([byte]))
        elif fault == "silence":
            self.on_silence()
        else:
            connection.sendall(reply)
        return True

    def _reply(self, request: dict, fault, scope: Scope) -> bytes:
        if isinstance(fault, dict):
            return frame({"jsonrpc": "2.0", "id": request["id"], "error": fault})
        outcome = self._execute(request["method"], request["params"], Scope(1) if fault == "queue" else scope)
        return frame({"jsonrpc": "2.0", "id": request["id"], **outcome})

    def _execute(self, method: str, params: dict, scope: Scope) -> dict:
        if self.results.get(method):
            return {"result": self.results[method].pop(0)}
        if method == "keyspace.begin":
            scope.depth += 1
            return {"result": {"depth": scope.depth}}
        if method == "keyspace.discard":
            scope.depth, scope.queued = 0, []
            return {"result": {"depth": 0}}
        if method == "keyspace.commit" and scope.depth == 0:
            return {"error": error("operation_mode_error", -32007)}
        if method == "keyspace.commit":
            scope.depth -= 1
            if scope.depth > 0:
                return {"result": {"depth": scope.depth}}
            queued, scope.queued = scope.queued, []
            results = [self._execute(*each, scope)["result"] for each in queued]
            return {"result": {"successful": True, "aborted": False, "results": results, "errors": []}}
        if scope.depth > 0 and method in ("keyspace.command", "transaction.buffer", "object.get"):
            scope.queued.append((method, params))
            future = {"future": len(scope.queued) - 1}
            if method != "transaction.buffer":
                return {"result": future}
            return {"result": {
                "transaction_id": params["transaction"]["transaction_id"], "status": "queued", "generated_ids": {},
                "durability": "fsynced", "duplicate": False, **future}}
        if method == "transaction.buffer":
            transaction = params["transaction"]
            known = self.accepted.setdefault(transaction["transaction_id"], (transaction, []))
            if known[0] != transaction:
                return {"error": error("transaction_conflict", -32004)}
            known[1].append(1)
            return {"result": {
                "transaction_id": transaction["transaction_id"], "status": "pending", "generated_ids": {},
                "durability": "fsynced", "duplicate": len(known[1]) > 1}}
        if method == "transaction.subscribe":
            return {"result": {"subscription_id": "sub-1"}}
        return {"result": {"echo": {name: value for name, value in params.items() if name != "_meta"}}}

    @staticmethod
    def _exactly(connection, count: int) -> bytes:
        data = b""
        while len(data) < count:
            part = connection.recv(count - len(data))
            if not part:
                raise OSError("closed")
            data += part
        return data

    def _close(self, connection) -> None:
        self._open.discard(connection)
        try:
            connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        connection.close()


def frame(message: dict) -> bytes:
    payload = json.dumps(message).encode()
    return len(payload).to_bytes(4, "big") + payload


def error(kind: str, code: int, **data) -> dict:
    retryable = kind in ("busy", "buffer_full", "store_unavailable", "outcome_unknown")
    return {"code": code, "message": "A sentence.", "data": {"kind": kind, "retryable": retryable, **data}}
