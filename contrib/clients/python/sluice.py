# SPDX-License-Identifier: MIT
"""Client for Sluice, the write-behind transaction sidecar: one file, standard library only, Python 3.9 or later.

    with Client("/run/sluice/sluice.sock") as sluice:
        tx = sluice.transaction()
        obs = tx.create("executed_obs_unit", obs_unit_id="u1", telescope_id="t1")
        tx.create("raw_data_package", obs_id=obs, name="night-1")
        receipt = tx.send()                                   # durable in the sidecar
        sluice.wait(receipt["transaction_id"], "committed")   # in the main database

`AsyncClient` has the same methods as coroutines and keeps any number of requests in flight on one connection.

Results are plain dicts with the names of the contract (proto-json/README.md). Integers and decimals keep every digit
(a JSON number with a point becomes `decimal.Decimal`); bytes travel as `{"$bytes": "<base64>"}`.
"""
from __future__ import annotations

import asyncio
import base64
import collections
import contextlib
import copy
import datetime
import decimal
import itertools
import json
import os
import random
import socket
import threading
import time
import uuid
import weakref
from typing import Any, Callable, Dict, Iterable, List, Mapping, Optional, Union

__all__ = [
    "AsyncClient", "AsyncScope", "Client", "Literal", "Ref", "Scope", "ScopeFuture", "SluiceError", "StepRef",
    "Subscription", "TransactionBuilder"]
__version__ = "1.0.0"

PROTOCOL = "1"
FRAME_BYTES_MAX = 4 << 20
DEADLINE_MS_MAX = 86_400_000
TIMEOUT_DEFAULT = 30.0
BACKOFF_BASE, BACKOFF_MAX = 0.02, 2.0  # seconds
EVENTS_MAX = 1024  # that wait for an async subscriber; beyond, reading stops
WAIT_GRACE = 5.0  # seconds that a wait's reply may take beyond the wait itself
WAIT_PIECE = 3600.0  # seconds that one request may wait; a longer wait is several


# --- Errors -----------------------------------------------------------------------------------------------------------


class SluiceError(Exception):
    """What every failure is. Decide by class or `kind`; unknown kinds of a newer sidecar stay plain `SluiceError`s."""

    kind = "unknown"
    code: Optional[int] = None
    retryable = False
    _classes: Dict[str, type] = {}

    def __init_subclass__(cls) -> None:
        SluiceError._classes[cls.kind] = cls
        __all__.append(cls.__name__)

    def __init__(
        self, message: str, *, kind: Optional[str] = None, code: Optional[int] = None,
        retryable: Optional[bool] = None, retry_after_ms: Optional[int] = None, path: Optional[str] = None,
        detail: Optional[str] = None, ambiguous: bool = False,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.kind = kind if kind is not None else self.kind
        self.code = code if code is not None else self.code
        self.retryable = retryable if retryable is not None else self.retryable
        self.retry_after_ms = retry_after_ms
        self.path = path
        self.detail = detail
        self.transaction_id: Optional[str] = None  # of the transaction that was being sent: resend under this id
        self.ambiguous = ambiguous  # the request went out and nobody knows whether it was executed
        self.is_final = False  # whatever its kind, the same request is not to be sent again

    def __str__(self) -> str:
        return f"{self.kind}{f' at {self.path}' if self.path else ''}: {self.message}"

    @staticmethod
    def from_wire(error: Mapping[str, Any]) -> SluiceError:
        """The error object of a reply, as its class."""
        data = error.get("data") if isinstance(error.get("data"), dict) else {}
        kind = str(data.get("kind", "unknown"))
        return SluiceError._classes.get(kind, SluiceError)(
            str(error.get("message", "")), kind=kind, code=error.get("code"),
            retryable=bool(data.get("retryable", False)), retry_after_ms=data.get("retry_after_ms"),
            path=data.get("path"), detail=data.get("detail"))


class ParseError(SluiceError):
    """The frame held no valid JSON."""

    kind, code, retryable = "parse_error", -32700, False


class InvalidRequest(SluiceError):
    """The frame held no JSON-RPC request."""

    kind, code, retryable = "invalid_request", -32600, False


class MethodNotFound(SluiceError):
    """The sidecar has no such method."""

    kind, code, retryable = "method_not_found", -32601, False


class InvalidParams(SluiceError):
    """A parameter is missing, of the wrong type or out of range."""

    kind, code, retryable = "invalid_params", -32602, False


class InternalError(SluiceError):
    """A fault of the sidecar; its log says more."""

    kind, code, retryable = "internal_error", -32603, False


class BufferFull(SluiceError):
    """The buffer is at its limit; nothing was accepted."""

    kind, code, retryable = "buffer_full", -32000, True


class Busy(SluiceError):
    """Too many requests or connections at once; nothing was done."""

    kind, code, retryable = "busy", -32001, True


class StoreUnavailable(SluiceError):
    """The keyspace can't be reached; nothing was done."""

    kind, code, retryable = "store_unavailable", -32002, True


class OutcomeUnknown(SluiceError):
    """It may or may not have been done: repeat with the same id."""

    kind, code, retryable = "outcome_unknown", -32003, True


class TransactionConflict(SluiceError):
    """The id belongs to a transaction of other content."""

    kind, code, retryable = "transaction_conflict", -32004, False


class NotFound(SluiceError):
    """There is no such transaction, record, model or object."""

    kind, code, retryable = "not_found", -32005, False


class ValidationFailed(SluiceError):
    """The transaction or query is wrong at `path`."""

    kind, code, retryable = "validation_failed", -32006, False


class OperationModeError(SluiceError):
    """The session's handler does not allow this here."""

    kind, code, retryable = "operation_mode_error", -32007, False


class ConflictingContext(SluiceError):
    """Transactions and pipelines do not nest in each other."""

    kind, code, retryable = "conflicting_context", -32008, False


class RecordExists(SluiceError):
    """A record with this id or unique value exists."""

    kind, code, retryable = "record_exists", -32009, False


class UnsupportedCommand(SluiceError):
    """The keyspace does not offer this command."""

    kind, code, retryable = "unsupported_command", -32010, False


class PermissionDenied(SluiceError):
    """This peer or this key is not allowed."""

    kind, code, retryable = "permission_denied", -32011, False


class DeadlineExceeded(SluiceError):
    """The deadline passed and nothing was done."""

    kind, code, retryable = "deadline_exceeded", -32012, True


class FrameError(SluiceError):
    """The bytes were no frame."""

    kind, code, retryable = "frame_error", -32013, False


class UnsupportedProtocol(SluiceError):
    """The sidecar speaks another protocol version."""

    kind, code, retryable = "unsupported_protocol", -32014, False


class StaleRead(SluiceError):
    """The answer would have been older than what was written."""

    kind, code, retryable = "stale_read", -32015, True


class DatabaseUnavailable(SluiceError):
    """The main database can't be reached for this read."""

    kind, code, retryable = "database_unavailable", -32016, True


class NotCancellable(SluiceError):
    """The transaction is not pending any more."""

    kind, code, retryable = "not_cancellable", -32017, False


class KeyspaceError(SluiceError):
    """The command failed; `detail` is Redis' prefix."""

    kind, code, retryable = "keyspace_error", -32018, False


class ResultTooLarge(SluiceError):
    """The result does not fit a frame; ask for less."""

    kind, code, retryable = "result_too_large", -32019, False


# Three of our own; no sidecar sends them.


class ConnectionLost(SluiceError):
    """The connection could not be made or was lost."""

    kind, code, retryable = "connection_lost", None, True


class Aborted(SluiceError):
    """The scope was aborted or discarded: nothing of it ran, no value will ever be, and nothing more joins it."""

    kind, code, retryable = "aborted", None, False


class ProtocolViolation(SluiceError):
    """What arrived was no reply of a sidecar."""

    kind, code, retryable = "protocol_violation", None, False


# --- Values -----------------------------------------------------------------------------------------------------------


class Ref:
    """A reference: `Ref("step.column")`, `Ref("files[2].id")`, `Ref("<transaction_id>#step.id")`."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return f"Ref({self.text!r})"


class Literal:
    """A JSON document with names that begin with `$`, taken as data and not as a reference or bytes."""

    def __init__(self, value: Any) -> None:
        self.value = value


def dumps(value: Any) -> str:
    """Strict JSON text; decimals and integers with every digit. `ValueError`, `TypeError` for what JSON can't say."""
    out: List[str] = []
    _write(value, out.append)
    return "".join(out)


_text = json.encoder.encode_basestring


def _write(value: Any, put: Callable[[str], None]) -> None:
    if value is None or value is True or value is False:
        put("null" if value is None else "true" if value else "false")
    elif isinstance(value, str):
        put(_text(value))
    elif isinstance(value, int):
        put(int.__repr__(value))
    elif isinstance(value, (float, decimal.Decimal)):
        if not (value == value and abs(value) != float("inf")):
            raise ValueError("JSON has no NaN and no infinity")
        put(float.__repr__(value) if isinstance(value, float) else str(value))
    elif isinstance(value, Mapping):
        put("{")
        for index, (name, member) in enumerate(value.items()):
            if not isinstance(name, str):
                raise TypeError("names of members are strings")
            put(f"{',' if index else ''}{_text(name)}:")
            _write(member, put)
        put("}")
    elif isinstance(value, (list, tuple)):
        put("[")
        for index, element in enumerate(value):
            if index:
                put(",")
            _write(element, put)
        put("]")
    elif isinstance(value, (bytes, bytearray, memoryview)):
        put('{"$bytes":"' + base64.b64encode(value).decode("ascii") + '"}')
    elif isinstance(value, (Ref, StepRef)):
        put('{"$ref":' + _text(value.text) + "}")
    elif isinstance(value, Literal):
        put('{"$literal":')
        _write(value.value, put)
        put("}")
    elif isinstance(value, datetime.datetime):
        put(_text(_utc(value)))
    elif isinstance(value, (datetime.date, datetime.time)):
        put(_text(value.isoformat()))
    elif isinstance(value, uuid.UUID):
        put(_text(str(value)))
    else:
        raise TypeError(f"{type(value).__name__} has no form on the wire")


def _utc(moment: datetime.datetime) -> str:
    """RFC 3339 in UTC with microseconds; a time without zone is taken as UTC."""
    if moment.tzinfo is not None:
        moment = moment.astimezone(datetime.timezone.utc).replace(tzinfo=None)
    return moment.isoformat(timespec="microseconds") + "Z"


def loads(text: Union[bytes, str]) -> Any:
    """JSON with integers as `int` and every other number as `Decimal`."""
    return json.loads(text, parse_float=decimal.Decimal)


def decode_column(value: Any) -> Any:
    """A column's value: bytes and literals unpacked. What lies inside a JSON document stays as it is."""
    if isinstance(value, dict) and len(value) == 1:
        if "$bytes" in value:
            return base64.b64decode(value["$bytes"], validate=True)
        if "$literal" in value:
            return value["$literal"]
    return value


def _decode_record(record: Optional[dict]) -> Optional[dict]:
    return None if record is None else {column: decode_column(value) for column, value in record.items()}


def _decode_reply(reply: Any) -> Any:
    """A keyspace reply: arrays nest, bulk strings that are no UTF-8 come as bytes."""
    return [_decode_reply(element) for element in reply] if isinstance(reply, list) else decode_column(reply)


def _decode_object(result: dict) -> dict:
    """Of `object.get`: `fields` is None where there is no such object."""
    return result if "future" in result else {**result, "fields": _decode_record(result.get("fields"))}


def _with(name: str, decode: Callable) -> Callable:
    """Decodes one member of a result, where it is."""
    return lambda result: {**result, name: decode(result[name])} if name in result else result


_multi_result = _with("results", _decode_reply)
_DECODERS: Dict[str, Callable] = {
    "record.get": lambda result: {**result, "record": _decode_record(result.get("record"))},
    "record.query": _with("records", lambda records: [_decode_record(record) for record in records]),
    "keyspace.command": _decode_reply, "object.get": _decode_object,
    "keyspace.transaction": _multi_result, "keyspace.pipeline": _multi_result, "keyspace.commit": _multi_result,
}


def uuid7() -> str:
    """A new transaction id, ordered by time."""
    bits = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10), "big")
    bits = bits & ~(0xF << 76) | 0x7 << 76
    bits = bits & ~(0x3 << 62) | 0x2 << 62
    return str(uuid.UUID(int=bits))


# --- Frames and attempts: decisions without I/O -----------------------------------------------------------------------


def encode_frame(payload: bytes, frame_bytes_max: int = FRAME_BYTES_MAX) -> bytes:
    if not 0 < len(payload) <= frame_bytes_max:
        message = f"The request has {len(payload)} bytes; a frame holds 1 to {frame_bytes_max}."
        raise FrameError(message, detail="oversize")
    return len(payload).to_bytes(4, "big") + payload


class FrameDecoder:
    """Turns bytes into frames. After an error, `failure` holds it and nothing more is taken."""

    def __init__(self, frame_bytes_max: int = FRAME_BYTES_MAX) -> None:
        self.frame_bytes_max = frame_bytes_max
        self.failure: Optional[SluiceError] = None
        self._bytes = bytearray()

    @property
    def is_inside_frame(self) -> bool:
        return bool(self._bytes) and self.failure is None

    def feed(self, data: bytes) -> List[bytes]:
        """The frames that `data` completes; also those before an error."""
        frames: List[bytes] = []
        self._bytes += data
        start = 0
        while self.failure is None and start < len(self._bytes):
            if self._bytes[start] << 24 > self.frame_bytes_max:
                self._fail("first_byte")
            elif start + 4 > len(self._bytes):
                break
            else:
                length = int.from_bytes(self._bytes[start:start + 4], "big")
                if length == 0 or length > self.frame_bytes_max:
                    self._fail("oversize" if length else "zero_length")
                elif start + 4 + length > len(self._bytes):
                    break
                else:
                    frames.append(bytes(self._bytes[start + 4:start + 4 + length]))
                    start += 4 + length
        del self._bytes[:start]
        return frames

    def _fail(self, detail: str) -> None:
        self.failure = FrameError("The bytes are no frame.", detail=detail)


_READ_ONLY = frozenset("""
    transaction.status transaction.wait transaction.list record.get record.query id.generate dead_letter.list
    dead_letter.get processor.status server.health server.stats server.config rpc.discover session.open
    transaction.subscribe transaction.unsubscribe object.get""".split())
# What may be sent again after a lost reply: it changes nothing, or changes it once however often it is sent.
_OBJECT_WRITES = frozenset("object.save object.create object.save_if_not_exists object.delete".split())
_RESENDABLE = _READ_ONLY | _OBJECT_WRITES | frozenset(
    "transaction.buffer record.update processor.pause processor.resume processor.drain".split())


# What joins an open scope, or ends it: when that scope is gone, it must not run on its own.
_IN_SCOPE = _OBJECT_WRITES | frozenset("""
    keyspace.command keyspace.transaction keyspace.pipeline keyspace.begin keyspace.commit transaction.buffer
    record.update object.get""".split())


def _transaction_id(method: str, params: Mapping[str, Any]) -> Optional[str]:
    """The id that a request names, if any."""
    holder = params.get("transaction") if method == "transaction.buffer" else params
    return holder.get("transaction_id") if isinstance(holder, Mapping) else None


class Attempts:
    """Decides what follows a failed attempt of one request. `deadline` and `now` are seconds of one monotonic clock."""

    def __init__(
        self, method: str, params: Mapping[str, Any], deadline: Optional[float],
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.transaction_id = _transaction_id(method, params)
        self.deadline = deadline
        self._is_read = method in _READ_ONLY
        needs_id = method in ("transaction.buffer", "record.update") or method in _OBJECT_WRITES
        self._is_resendable = method in _RESENDABLE and not (needs_id and self.transaction_id is None)
        self.count = 0
        self._jitter = jitter
        self._may_be_done = False  # an earlier attempt went out and its reply never came
        self._earlier: Optional[SluiceError] = None

    def delay_after(self, failure: SluiceError, now: float) -> float:
        """Seconds until the next attempt; raises what the caller is to see when there is none."""
        self.count += 1
        if failure.ambiguous or isinstance(failure, OutcomeUnknown):
            self._may_be_done = not self._is_read
        if isinstance(failure, DeadlineExceeded) and not failure.ambiguous and self._earlier is not None:
            failure = self._earlier  # What kept the request from being done says more.
            raise self._verdict(failure) from failure
        if not self._is_repeatable(failure):
            raise self._verdict(failure) from failure
        self._earlier = failure
        ceiling = min(BACKOFF_MAX, BACKOFF_BASE * 2 ** min(self.count - 1, 20))
        if self.deadline is not None:
            ceiling = min(ceiling, max(BACKOFF_BASE, (self.deadline - now) / 2))  # Leaves time for one attempt more.
        delay = self._jitter() * ceiling
        if failure.retry_after_ms is not None:
            delay += failure.retry_after_ms / 1000
        if self.deadline is not None and now + delay >= self.deadline:
            raise self._verdict(failure) from failure
        return delay

    def _is_repeatable(self, failure: SluiceError) -> bool:
        if failure.is_final or isinstance(failure, DeadlineExceeded):
            return False
        if failure.ambiguous or isinstance(failure, OutcomeUnknown):
            return self._is_resendable
        return failure.retryable and isinstance(failure, (Busy, BufferFull, StoreUnavailable, ConnectionLost))

    def _verdict(self, failure: SluiceError) -> SluiceError:
        """Only an answer about the request itself outweighs an earlier attempt that may have succeeded."""
        says_nothing = isinstance(
            failure, (Busy, BufferFull, StoreUnavailable, ConnectionLost, DeadlineExceeded, ProtocolViolation))
        if not (self._may_be_done and (says_nothing or failure.ambiguous)):
            return failure
        return OutcomeUnknown("No reply came: it may or may not have been done. Repeat with the same transaction id.")


class _Requests:
    """Writes requests: an id each, `_meta`, and limits shortened to what is left of the deadline."""

    def __init__(self, frame_bytes_max: int) -> None:
        self._ids = itertools.count(1)
        self._frame_bytes_max = frame_bytes_max

    def frame(self, method: str, params: Mapping[str, Any], remaining: Optional[float]) -> tuple:
        request_id = next(self._ids)
        meta: Dict[str, Any] = {"protocol": PROTOCOL, **params.get("_meta", {})}
        params = {**params, "_meta": meta}
        if remaining is not None:
            left = max(0, int(remaining * 1000))
            if left <= DEADLINE_MS_MAX:
                meta["deadline_ms"] = left
            if "timeout_ms" in params:
                params["timeout_ms"] = max(0, min(params["timeout_ms"], left - int(WAIT_GRACE * 1000)))
        request = {"jsonrpc": "2.0", "id": request_id, "method": method, "params": params}
        return request_id, encode_frame(dumps(request).encode("utf-8"), self._frame_bytes_max)


def _message(payload: bytes) -> dict:
    try:
        message = loads(payload)
    except ValueError as error:
        raise _violation("A frame held no valid JSON.") from error
    if not isinstance(message, dict):
        raise _violation("A frame held no JSON-RPC message.")
    return message


def _violation(message: str) -> SluiceError:
    return _final(ProtocolViolation(message, ambiguous=True))


def _farewell(message: dict, in_flight: int) -> SluiceError:
    """An error that names no request; the connection is of no more use. With several in flight it may mean any."""
    failure = SluiceError.from_wire(message["error"])
    if not isinstance(failure, (Busy, BufferFull)):
        failure.is_final = True
        failure.ambiguous = in_flight > 1
    return failure


def _lost(error: Optional[BaseException], ambiguous: bool) -> SluiceError:
    if isinstance(error, PermissionError):
        return PermissionDenied("The socket may not be opened by this user.")
    reason = f": {error.strerror}" if isinstance(error, OSError) and error.strerror else ""
    return ConnectionLost(f"The connection to the sidecar is lost{reason}.", ambiguous=ambiguous)


def _final(failure: SluiceError) -> SluiceError:
    failure.is_final = True
    return failure


def _scope_lost() -> SluiceError:
    return _final(ConnectionLost("The connection was lost inside keyspace.begin: its scope is discarded."))


def _copy(failure: SluiceError, ambiguous: Optional[bool] = None) -> SluiceError:
    twin = copy.copy(failure).with_traceback(None)
    twin.__cause__ = twin.__context__ = None
    twin.ambiguous = failure.ambiguous if ambiguous is None else ambiguous
    return twin


def _client_closed() -> SluiceError:
    return _final(ConnectionLost("This client is closed."))


def _stray_receipt() -> SluiceError:
    message = "The receipt says queued and this client has no scope open: nothing was accepted."
    return _final(ProtocolViolation(message))


def _is_queued(method: str, result: Any) -> bool:
    """What only a request inside a scope may hear."""
    is_receipt = method in ("transaction.buffer", "record.update") and isinstance(result, dict)
    return is_receipt and result.get("status") == "queued"


def default_socket_path() -> str:
    """`$SLUICE_SOCKET_PATH`, else `sluice.sock` in the state directory."""
    state = os.environ.get("SLUICE_STATE_DIRECTORY") or os.environ.get("STATE_DIRECTORY") or "./.sluice"
    return os.environ.get("SLUICE_SOCKET_PATH") or os.path.join(state, "sluice.sock")


# --- Methods, the same for both clients -------------------------------------------------------------------------------

_DEFAULT: Any = object()
Transaction = Mapping[str, Any]


def _given(**params: Any) -> dict:
    """The parameters that are there."""
    return {name: value for name, value in params.items() if value is not None}


def _selection(transaction_ids: Any, filter: Any, all: bool) -> dict:
    """Exactly one way to say which; an empty list is a list."""
    if isinstance(transaction_ids, str):
        transaction_ids = [transaction_ids]
    chosen = _given(transaction_ids=transaction_ids, filter=filter, all=True if all else None)
    if len(chosen) != 1:
        raise ValueError("give exactly one of transaction_ids, filter and all=True")
    return chosen


class _Wait:
    """A wait of any length (None: without end) as requests of at most `WAIT_PIECE` seconds; no sidecar takes longer."""

    def __init__(self, method: str, params: dict, timeout: Optional[float]) -> None:
        self.method = method
        self._params = params
        self._end = _deadline(timeout)
        self._is_last = False
        self._early = 0.0  # a reply before this moment is no end of a piece

    def next(self) -> tuple:
        """Parameters and timeout of the next request."""
        left = _remaining(self._end)
        self._is_last = left is not None and left <= WAIT_PIECE
        piece = WAIT_PIECE if left is None else max(0.0, min(left, WAIT_PIECE))
        self._early = time.monotonic() + 0.9 * piece
        return {**self._params, "timeout_ms": int(piece * 1000)}, None if left is None else left + WAIT_GRACE

    def is_over(self, result: dict) -> bool:
        """A drain that is not done ends early when all that remains is parked."""
        if self._is_last or result.get("drained") is False and time.monotonic() < self._early:
            return True
        return not (result.get("timed_out") or result.get("drained") is False)


class _Methods:
    """Every method of the contract. `timeout` (seconds; None: no limit) bounds all attempts of a request together.

    On an `AsyncClient` each returns an awaitable.
    """

    def call(self, method: str, params: Optional[Mapping[str, Any]] = None, *, timeout: Any = _DEFAULT) -> Any:
        raise NotImplementedError

    def _wait(self, wait: _Wait) -> Any:
        raise NotImplementedError

    def transaction(self, transaction_id: Optional[str] = None, **members: Any) -> TransactionBuilder:
        """A builder that collects steps here; `members` are `endpoint`, `ordering_key`, `metadata`, `retry`."""
        return TransactionBuilder(self, transaction_id, **members)

    def buffer(self, transaction: Transaction, *, timeout: Any = _DEFAULT) -> Any:
        """Makes a transaction durable and returns its receipt. Repeats itself under one id until it knows."""
        transaction = {"transaction_id": uuid7(), **transaction}
        return self.call("transaction.buffer", {"transaction": transaction}, timeout=timeout)

    def status(self, transaction_id: str, *, timeout: Any = _DEFAULT) -> Any:
        return self.call("transaction.status", {"transaction_id": transaction_id}, timeout=timeout)

    def wait(
        self, transaction_id: str, until: str = "committed", *, timeout: Optional[float] = TIMEOUT_DEFAULT,
    ) -> Any:
        """The status record at the goal, at `dead_letter`, `cancelled` or `discarded`, or with `timed_out: True`."""
        return self._wait(_Wait("transaction.wait", {"transaction_id": transaction_id, "until": until}, timeout))

    def cancel(self, transaction_id: str, *, timeout: Any = _DEFAULT) -> Any:
        return self.call("transaction.cancel", {"transaction_id": transaction_id}, timeout=timeout)

    def list_transactions(
        self, status: Optional[str] = None, limit: Optional[int] = None, cursor: Optional[str] = None, *,
        timeout: Any = _DEFAULT,
    ) -> Any:
        return self.call("transaction.list", _given(status=status, limit=limit, cursor=cursor), timeout=timeout)

    def get(self, model: str, id: Any, *, timeout: Any = _DEFAULT) -> Any:
        """`record` (None: there is none), `sources`, `pending`, `unknown`."""
        return self.call("record.get", {"model": model, "id": id}, timeout=timeout)

    def query(
        self, model: str, where: Optional[Mapping[str, Any]] = None, order_by: Optional[Iterable[str]] = None,
        limit: Optional[int] = None, offset: Optional[int] = None, count: Optional[bool] = None, *,
        timeout: Any = _DEFAULT,
    ) -> Any:
        """`records`, `count` when asked for, `pending_count`, `unknown`."""
        order = None if order_by is None else [order_by] if isinstance(order_by, str) else list(order_by)
        params = _given(model=model, where=where, order_by=order, limit=limit, offset=offset, count=count)
        return self.call("record.query", params, timeout=timeout)

    def update(
        self, model: str, id: Any, changes: Mapping[str, Any], transaction_id: Optional[str] = None, *,
        timeout: Any = _DEFAULT,
    ) -> Any:
        """A transaction of one `update` step; returns its receipt."""
        params = {"model": model, "id": id, "changes": changes, "transaction_id": transaction_id or uuid7()}
        return self.call("record.update", params, timeout=timeout)

    def id_generate(self, model: str, count: Optional[int] = None, *, timeout: Any = _DEFAULT) -> Any:
        return self.call("id.generate", _given(model=model, count=count), timeout=timeout)

    def dead_letter_list(
        self, limit: Optional[int] = None, cursor: Optional[str] = None,
        filter: Optional[Mapping[str, Any]] = None, *, timeout: Any = _DEFAULT,
    ) -> Any:
        return self.call("dead_letter.list", _given(limit=limit, cursor=cursor, filter=filter), timeout=timeout)

    def dead_letter_get(self, transaction_id: str, *, timeout: Any = _DEFAULT) -> Any:
        return self.call("dead_letter.get", {"transaction_id": transaction_id}, timeout=timeout)

    def dead_letter_retry(
        self, transaction_ids: Union[str, List[str], None] = None, *, filter: Optional[Mapping[str, Any]] = None,
        all: bool = False, changes: Optional[List[Mapping[str, Any]]] = None, timeout: Any = _DEFAULT,
    ) -> Any:
        """`changes` (`[{step_id, data}]`) mends the steps of exactly one transaction."""
        params = {**_selection(transaction_ids, filter, all), **_given(changes=changes)}
        return self.call("dead_letter.retry", params, timeout=timeout)

    def dead_letter_discard(
        self, transaction_ids: Union[str, List[str], None] = None, *, filter: Optional[Mapping[str, Any]] = None,
        all: bool = False, timeout: Any = _DEFAULT,
    ) -> Any:
        return self.call("dead_letter.discard", _selection(transaction_ids, filter, all), timeout=timeout)

    def keyspace_command(self, *command: Any, timeout: Any = _DEFAULT) -> Any:
        return self.call("keyspace.command", {"command": command}, timeout=timeout)

    def keyspace_transaction(
        self, commands: Iterable[Iterable[Any]], watch: Optional[List[Mapping[str, Any]]] = None, *,
        timeout: Any = _DEFAULT,
    ) -> Any:
        """All commands at once; `watch` is `[{key, expect?}]`. Returns a MultiResult."""
        params = _given(commands=[list(command) for command in commands], watch=watch)
        return self.call("keyspace.transaction", params, timeout=timeout)

    def keyspace_pipeline(self, commands: Iterable[Iterable[Any]], *, timeout: Any = _DEFAULT) -> Any:
        params = {"commands": [list(command) for command in commands]}
        return self.call("keyspace.pipeline", params, timeout=timeout)

    def keyspace_scope(self, watch: Optional[List[Mapping[str, Any]]] = None) -> Any:
        """A transaction of commands as a context manager: `with`, on an `AsyncClient` `async with`. See `Scope`."""
        raise NotImplementedError

    def keyspace_begin(self, watch: Optional[List[Mapping[str, Any]]] = None, *, timeout: Any = _DEFAULT) -> Any:
        """Opens a scope on this connection; losing the connection discards it and raises `ConnectionLost`."""
        return self.call("keyspace.begin", _given(watch=watch), timeout=timeout)

    def keyspace_commit(self, *, timeout: Any = _DEFAULT) -> Any:
        return self.call("keyspace.commit", timeout=timeout)

    def keyspace_discard(self, *, timeout: Any = _DEFAULT) -> Any:
        """Ends the scope, from whatever depth. After one was discarded: what follows is no part of it any more."""
        return self.call("keyspace.discard", timeout=timeout)

    def object_save(
        self, kind: str, id: Union[str, int], fields: Mapping[str, Any], unique: Optional[List[str]] = None,
        transaction_id: Optional[str] = None, *, timeout: Any = _DEFAULT,
    ) -> Any:
        """Writes fields, be the object new (`outcome` `created`) or not (`changed`); None removes a field.

        `unique` names fields whose values no other object of the kind may have: `RecordExists`. With a
        `transaction_id` the request may be repeated, and is after a lost reply.
        """
        return self._object("object.save", kind, id, timeout, fields, unique, transaction_id)

    def object_create(
        self, kind: str, id: Union[str, int], fields: Mapping[str, Any], unique: Optional[List[str]] = None,
        transaction_id: Optional[str] = None, *, timeout: Any = _DEFAULT,
    ) -> Any:
        """As `object_save`; `RecordExists` where there is one."""
        return self._object("object.create", kind, id, timeout, fields, unique, transaction_id)

    def object_save_if_not_exists(
        self, kind: str, id: Union[str, int], fields: Mapping[str, Any], unique: Optional[List[str]] = None,
        transaction_id: Optional[str] = None, *, timeout: Any = _DEFAULT,
    ) -> Any:
        """As `object_save`; `outcome` is `existed`, and nothing is written, where there is one."""
        return self._object("object.save_if_not_exists", kind, id, timeout, fields, unique, transaction_id)

    def object_get(self, kind: str, id: Union[str, int], *, timeout: Any = _DEFAULT) -> Any:
        """`fields` (None: there is no such object), texts and bytes."""
        return self._object("object.get", kind, id, timeout)

    def object_delete(
        self, kind: str, id: Union[str, int], transaction_id: Optional[str] = None, *, timeout: Any = _DEFAULT,
    ) -> Any:
        """Frees the unique values too; `outcome` is `deleted` or `absent`."""
        return self._object("object.delete", kind, id, timeout, transaction_id=transaction_id)

    def _object(
        self, method: str, kind: str, id: Any, timeout: Any, fields: Any = None, unique: Any = None,
        transaction_id: Optional[str] = None,
    ) -> Any:
        params = _given(kind=kind, id=id, fields=fields, unique=unique, transaction_id=transaction_id)
        return self.call(method, params, timeout=timeout)

    def processor_status(self, *, timeout: Any = _DEFAULT) -> Any:
        return self.call("processor.status", timeout=timeout)

    def processor_pause(self, *, timeout: Any = _DEFAULT) -> Any:
        return self.call("processor.pause", timeout=timeout)

    def processor_resume(self, *, timeout: Any = _DEFAULT) -> Any:
        return self.call("processor.resume", timeout=timeout)

    def processor_drain(self, *, timeout: Optional[float] = TIMEOUT_DEFAULT) -> Any:
        """Applies all there is, for at most `timeout` seconds: `drained`, `remaining`."""
        return self._wait(_Wait("processor.drain", {}, timeout))

    def server_health(self, *, timeout: Any = _DEFAULT) -> Any:
        return self.call("server.health", timeout=timeout)

    def server_stats(self, *, timeout: Any = _DEFAULT) -> Any:
        return self.call("server.stats", timeout=timeout)

    def server_config(self, *, timeout: Any = _DEFAULT) -> Any:
        return self.call("server.config", timeout=timeout)

    def server_backup(self, path: str, *, timeout: Any = _DEFAULT) -> Any:
        return self.call("server.backup", {"path": path}, timeout=timeout)

    def rpc_discover(self, *, timeout: Any = _DEFAULT) -> Any:
        return self.call("rpc.discover", timeout=timeout)


# --- Scopes of keyspace commands --------------------------------------------------------------------------------------


class _Outcome:
    """What became of an outermost scope; those inside share it."""

    def __init__(self) -> None:
        self.result: Optional[dict] = None
        self.failure: Optional[SluiceError] = None  # why there will be no result; whoever asks gets a copy
        self.blocks: list = []  # scopes whose `with` is open
        self.outside = 0  # levels around them, of keyspace_begin

    @property
    def is_known(self) -> bool:
        return self.result is not None or self.failure is not None

    def without(self, scope: Any) -> list:
        """The blocks after the end of one; those inside it that never heard of their end go with it."""
        if scope not in self.blocks:
            return self.blocks
        before, after = self.blocks[:self.blocks.index(scope)], self.blocks[self.blocks.index(scope) + 1:]
        return before + [other for other in after if other.owner != scope.owner]

    def end(self, result: Optional[dict], failure: Optional[SluiceError]) -> None:
        """The first word counts."""
        if not self.is_known:
            self.result, self.failure = result, failure

    def check(self) -> None:
        """Raises where nothing can join any more."""
        if self.failure is not None:
            raise _copy(self.failure)
        if self.result is not None or not self.blocks:
            raise OperationModeError("The scope is not open.")


def _discarded(reason: str) -> SluiceError:
    return Aborted(f"{reason} The whole scope was discarded and nothing of it runs.")


def _commit_failed(failure: SluiceError) -> SluiceError:
    """What it means for those who ask later."""
    if failure.ambiguous:
        return OutcomeUnknown("The commit was sent and no reply came: the scope may or may not have run.")
    refusals = (Busy, DeadlineExceeded, StoreUnavailable, OperationModeError, KeyspaceError, ConnectionLost)
    return _discarded(f"The commit failed ({failure}).") if isinstance(failure, refusals) else _copy(failure)


class _Scopes(_Methods):
    """What a client knows of the scope it has open."""

    _outcome: Optional[_Outcome] = None  # of the `with` blocks that are open

    def _call(self, method: str, params: Mapping[str, Any], timeout: Any, outcome: Optional[_Outcome]) -> Any:
        """As `call`; what is meant for the scope of `outcome` is sent only while that is open."""
        raise NotImplementedError

    def _depth(self) -> int:
        """As the sidecar counts, as far as is known."""
        raise NotImplementedError

    def _hang_up(self) -> None:
        """Ends the connection, and with it whatever the sidecar holds of a scope."""
        raise NotImplementedError

    def _check(self, method: str, outcome: Optional[_Outcome]) -> None:
        """To be called at the last moment before a request leaves."""
        if method not in _IN_SCOPE:
            return
        if outcome is not None:
            outcome.check()
        elif self._outcome is not None and self._outcome.failure is not None:
            failure = self._outcome.failure
            if method == "keyspace.commit" and not self._outcome.blocks:
                self._outcome = None  # keyspace_begin's counterpart has heard of it.
            raise _copy(failure)

    def _scope_ended(self, result: Optional[dict] = None, failure: Optional[SluiceError] = None) -> None:
        if self._outcome is not None:
            self._outcome.end(result, failure)
            if not self._outcome.blocks:
                self._outcome = None

    def _settle(self, method: str, result: Any, outcome: Optional[_Outcome]) -> None:
        """After a reply: the scope may have ended with it."""
        if method == "keyspace.commit" and "depth" not in result:
            self._scope_ended(result)
        elif method == "keyspace.discard":
            if outcome is None and self._outcome is not None and self._outcome.failure is not None:
                self._outcome = None  # The caller has heard of it, and goes on without.
            self._scope_ended(failure=_discarded("keyspace.discard was called inside."))

    def _interrupted(self, method: str, connection: Any, depth: int, is_sent: bool = True) -> None:
        """A call was broken off, or not sent, and its connection ended: half a scope must not run. `depth` is that of before."""
        is_end = method == "keyspace.discard" or method == "keyspace.commit" and depth == 1
        has_blocks = self._outcome is not None and bool(self._outcome.blocks)
        connection.depth = 0 if is_end or has_blocks else depth  # Where it stays, the next call will say it.
        if not is_sent:
            self._scope_ended(failure=_discarded("A call inside could not be sent, which ended the connection."))
        elif method == "keyspace.commit" and is_end:
            self._scope_ended(failure=OutcomeUnknown("The commit was interrupted: the scope may or may not have run."))
        elif depth > 0:
            self._scope_ended(failure=_discarded("A call was interrupted inside, which ended the connection."))

    def _settle_failed(self, method: str, failure: SluiceError, depth: int, is_lost: bool) -> SluiceError:
        """After an error inside a scope: what the caller is to see. `depth` is that of before."""
        if is_lost and (method != "keyspace.commit" or depth > 1 or not failure.ambiguous):
            self._scope_ended(failure=_discarded("The connection was lost inside the scope."))
            return _scope_lost()
        if method == "keyspace.commit" and self._depth() == 0:
            self._scope_ended(failure=_commit_failed(failure))
        return _final(failure)  # The sidecar will refuse the commit.


class ScopeFuture:
    """What a command inside a scope answers. `value` is known after the outermost commit.

    Where the session's handler runs commands at once (`transaction_mode` `warn`, `permissive`), it is known at once.
    """

    def __init__(self, outcome: _Outcome, reply: Any, decode: Callable = lambda value: value) -> None:
        self.index: Optional[int] = reply["future"] if isinstance(reply, dict) and "future" in reply else None
        self._outcome, self._reply, self._decode = outcome, reply, decode

    @property
    def value(self) -> Any:
        """Raises `OperationModeError` before the commit, `Aborted` when nothing ran, else the command's own error."""
        if self.index is None:
            return self._reply
        result = self._outcome.result
        if result is None:
            if self._outcome.failure is not None:
                raise _copy(self._outcome.failure)
            raise OperationModeError("The value is known only after the commit.")
        if result["aborted"]:
            raise Aborted("A watched key had changed; nothing ran.")
        for error in result["errors"]:
            if error["index"] == self.index:
                raise SluiceError._classes.get(error["kind"], SluiceError)(
                    "The command failed inside the scope.", kind=error["kind"], detail=error.get("detail"))
        return self._decode(result["results"][self.index])


class _Scope:
    """What both scopes have."""

    def __init__(self, client: Any, watch: Optional[List[Mapping[str, Any]]]) -> None:
        self._client, self._watch = client, watch
        self._outcome = _Outcome()
        self._depth_before = 0
        self.owner: Any = None  # the thread or task that runs the block

    @property
    def result(self) -> Optional[dict]:
        """The MultiResult, once the outermost scope was committed."""
        return self._outcome.result

    def _call(self, method: str, **params: Any) -> Any:
        return self._client._call(method, _given(**params), _DEFAULT, self._outcome)

    def _enter(self) -> None:
        """Before `begin` is sent: what is inside joins whoever is there."""
        outcome = self._client._outcome
        self._depth_before = self._client._depth()
        self._outcome = _Outcome() if outcome is None or outcome.result is not None else outcome
        self._outcome.blocks.append(self)
        self._client._outcome = self._outcome

    def _begun(self, result: dict) -> None:
        if len(self._outcome.blocks) == 1:
            self._outcome.outside = result["depth"] - 1

    def _not_entered(self, failure: BaseException) -> None:
        """The block will not run, nor its end: what `begin` may have opened goes with the connection."""
        if not isinstance(failure, SluiceError) and self._client._depth() > self._depth_before:
            self._spoil(type(failure))
            self._client._hang_up()
        self._left()

    def _check_end(self) -> None:
        """After a commit."""
        if self._client._depth() > self._outcome.outside + len(self._outcome.without(self)):
            raise _discarded("A begin inside the scope was never committed.")

    def _end_failed(self, failure: BaseException) -> None:
        if isinstance(failure, SluiceError):
            self._outcome.end(None, _commit_failed(failure))

    def _spoil(self, kind: Any) -> bool:
        """An exception leaves the block. True: the sidecar must hear of it."""
        name = kind.__name__ if kind else "An interruption"
        self._outcome.end(None, _discarded(f"{name} left a block of the scope."))
        return self._client._depth() > 0

    def _left(self) -> None:
        """May be repeated."""
        outcome, client = self._outcome, self._client
        outcome.blocks = outcome.without(self)
        if client._outcome is outcome and not outcome.blocks and (outcome.outside == 0 or outcome.result is not None):
            client._outcome = None


class Scope(_Scope):
    """`with client.keyspace_scope() as scope:` commands queue and run as one at its end; an exception discards them.

        with client.keyspace_scope(watch=[{"key": "balance", "expect": "5"}]) as scope:
            balance = scope.command("DECR", "balance")
            scope.buffer(transaction)
        if scope.result["successful"]:
            print(balance.value)

    Scopes nest: inner ones are part of the outermost, and an exception that leaves one discards them all, even if it is
    caught further out: whatever is meant for them raises `Aborted` from then on, the end of the outermost too.
    Everything else the client sends meanwhile is part of it, too.
    """

    def __enter__(self) -> Scope:
        if self in self._outcome.blocks:
            raise OperationModeError("This scope is open already.")
        try:
            self.owner = threading.get_ident()
            self._enter()
            self._begun(self._call("keyspace.begin", watch=self._watch))
        except BaseException as failure:
            self._not_entered(failure)
            raise
        return self

    def __exit__(self, kind: Any, *_: Any) -> None:
        # A signal handler may raise anywhere in here.
        is_done = False
        try:
            if kind is None:
                self._call("keyspace.commit")
                self._check_end()
                is_done = True
        except BaseException as failure:
            kind = type(failure)
            self._end_failed(failure)
            raise
        finally:
            try:
                if not is_done and self._spoil(kind):
                    self._discard()
            except BaseException:
                self._client._hang_up()
                raise
            finally:
                try:
                    self._left()
                except BaseException:
                    self._left()
                    raise

    def _discard(self) -> None:
        try:
            self._call("keyspace.discard")
        except SluiceError:
            pass  # What left the block says more.
        finally:
            if self._client._depth() > 0:
                self._client._hang_up()

    def command(self, *command: Any) -> ScopeFuture:
        return ScopeFuture(self._outcome, self._call("keyspace.command", command=command))

    def get_object(self, kind: str, id: Union[str, int]) -> ScopeFuture:
        return ScopeFuture(self._outcome, self._call("object.get", kind=kind, id=id), _decode_object)

    def buffer(self, transaction: Transaction) -> ScopeFuture:
        """The receipt, or why there is none, is the future's value."""
        transaction = {"transaction_id": uuid7(), **transaction}
        return ScopeFuture(self._outcome, self._call("transaction.buffer", transaction=transaction))


class AsyncScope(_Scope):
    """As `Scope`, for `async with`. The connection's other requests join it: give a scope a client of its own.

    A call that is cancelled inside ends the connection, and with it the scope: what it left behind can't be known.
    """

    async def __aenter__(self) -> AsyncScope:
        if self in self._outcome.blocks:
            raise OperationModeError("This scope is open already.")
        try:
            self.owner = asyncio.current_task()
            self._enter()
            self._begun(await self._call("keyspace.begin", watch=self._watch))
        except BaseException as failure:
            self._not_entered(failure)
            raise
        return self

    async def __aexit__(self, kind: Any, *_: Any) -> None:
        # A signal handler may raise anywhere in here.
        is_done = False
        try:
            if kind is None:
                await self._call("keyspace.commit")
                self._check_end()
                is_done = True
        except BaseException as failure:
            kind = type(failure)
            self._end_failed(failure)
            raise
        finally:
            try:
                if not is_done and self._spoil(kind):
                    await self._discard()
            except BaseException:
                self._client._hang_up()
                raise
            finally:
                try:
                    self._left()
                except BaseException:
                    self._left()
                    raise

    async def _discard(self) -> None:
        try:
            await self._call("keyspace.discard")
        except SluiceError:
            pass  # What left the block says more.
        finally:
            if self._client._depth() > 0:
                self._client._hang_up()

    async def command(self, *command: Any) -> ScopeFuture:
        return ScopeFuture(self._outcome, await self._call("keyspace.command", command=command))

    async def get_object(self, kind: str, id: Union[str, int]) -> ScopeFuture:
        return ScopeFuture(self._outcome, await self._call("object.get", kind=kind, id=id), _decode_object)

    async def buffer(self, transaction: Transaction) -> ScopeFuture:
        transaction = {"transaction_id": uuid7(), **transaction}
        return ScopeFuture(self._outcome, await self._call("transaction.buffer", transaction=transaction))


# --- Building transactions --------------------------------------------------------------------------------------------


class StepRef:
    """A step of a transaction under construction. As a value it means the id; `step["column"]` means a column."""

    def __init__(self, step_id: str, row: Optional[int] = None) -> None:
        self.step_id = step_id
        self._name = step_id if row is None else f"{step_id}[{row}]"

    @property
    def text(self) -> str:
        return f"{self._name}.id"

    def __getitem__(self, column: str) -> Ref:
        return Ref(f"{self._name}.{column}")

    def row(self, index: int) -> StepRef:
        """One row of a bulk step, counted from 0."""
        return StepRef(self.step_id, index)


class TransactionBuilder:
    """Collects steps and sends them as one transaction. Nothing leaves before `send()`.

    Columns are keywords; those that can't be (`class`, or ours with a trailing `_`) go into the mapping. `step_` names
    a step, `after_` lists steps that must run before it; references order steps by themselves.
    """

    def __init__(self, client: Optional[_Methods] = None, transaction_id: Optional[str] = None, **members: Any) -> None:
        self.transaction_id = transaction_id or uuid7()
        self._client = client
        self._members = members
        self._steps: List[dict] = []

    def create(self, model: str, data: Optional[Mapping[str, Any]] = None, /, *, step_: Optional[str] = None,
               after_: Iterable[StepRef] = (), **columns: Any) -> StepRef:
        return self._add("create", model, step_, after_, data={**(data or {}), **columns})

    def update(self, model: str, id: Any, data: Optional[Mapping[str, Any]] = None, /, *, step_: Optional[str] = None,
               after_: Iterable[StepRef] = (), **columns: Any) -> StepRef:
        return self._add("update", model, step_, after_, id=id, data={**(data or {}), **columns})

    def delete(self, model: str, id: Any, /, *, step_: Optional[str] = None, after_: Iterable[StepRef] = ()) -> StepRef:
        return self._add("delete", model, step_, after_, id=id)

    def upsert(self, model: str, data: Optional[Mapping[str, Any]] = None, /, *, conflict_: Optional[List[str]] = None,
               step_: Optional[str] = None, after_: Iterable[StepRef] = (), **columns: Any) -> StepRef:
        """`conflict_`: the columns whose conflict makes it an update; left out, the primary key."""
        return self._add("upsert", model, step_, after_, data={**(data or {}), **columns}, **_given(conflict=conflict_))

    def increment(self, model: str, id: Any, data: Optional[Mapping[str, Any]] = None, /, *,
                  step_: Optional[str] = None, after_: Iterable[StepRef] = (), **deltas: Any) -> StepRef:
        return self._add("increment", model, step_, after_, id=id, data={**(data or {}), **deltas})

    def bulk_create(self, model: str, rows: Iterable[Mapping[str, Any]], /, *, step_: Optional[str] = None,
                    after_: Iterable[StepRef] = ()) -> StepRef:
        return self._add("bulk_create", model, step_, after_, rows=[dict(row) for row in rows])

    def bulk_update(self, model: str, rows: Iterable[tuple], /, *, step_: Optional[str] = None,
                    after_: Iterable[StepRef] = ()) -> StepRef:
        """`rows`: pairs of an id and the changes to it."""
        pairs = [{"id": id, "data": dict(data)} for id, data in rows]
        return self._add("bulk_update", model, step_, after_, rows=pairs)

    def query(self, model: str, where: Mapping[str, Any], /, *, optional: bool = False, step_: Optional[str] = None,
              after_: Iterable[StepRef] = ()) -> StepRef:
        """A lookup when the transaction runs; later steps may refer to its columns."""
        return self._add("query", model, step_, after_, where=where, **({"optional": True} if optional else {}))

    def to_dict(self) -> dict:
        return {"transaction_id": self.transaction_id, **_given(**self._members), "steps": list(self._steps)}

    def send(self, *, timeout: Any = _DEFAULT) -> Any:
        """Buffers the transaction; sent again, it answers the first receipt. An awaitable on an `AsyncClient`."""
        if self._client is None:
            raise ValueError("this builder has no client")
        return self._client.buffer(self.to_dict(), timeout=timeout)

    def _add(
        self, operation: str, model: str, step_id: Optional[str], after: Iterable[StepRef], **members: Any,
    ) -> StepRef:
        step_id = step_id or self._free_id()
        step: Dict[str, Any] = {"step_id": step_id, "operation": operation, "model": model, **members}
        depends_on = [getattr(other, "step_id", other) for other in after]
        if depends_on:
            step["depends_on"] = depends_on
        self._steps.append(step)
        return StepRef(step_id)

    def _free_id(self) -> str:
        taken = {step["step_id"] for step in self._steps}
        return next(name for name in map("s{}".format, itertools.count(len(taken) + 1)) if name not in taken)


# --- Forks ------------------------------------------------------------------------------------------------------------

# Clients and connections: after a fork the child has copies, and the sockets are still the parent's.
_inherited: weakref.WeakSet = weakref.WeakSet()
_disowned: list = []


def _after_fork() -> None:
    for each in list(_inherited):
        each._disown()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _forked_outcome() -> SluiceError:
    return _discarded("The process forked inside the scope, which belongs to the parent.")


# --- The synchronous client -------------------------------------------------------------------------------------------


def _remaining(deadline: Optional[float]) -> Optional[float]:
    return None if deadline is None else deadline - time.monotonic()


class _Connection:
    """One socket of this process. Not thread-safe. Closes itself when it is of no more use."""

    def __init__(self, path: str, frame_bytes_max: int, deadline: Optional[float]) -> None:
        self.depth = 0  # of keyspace.begin
        self.is_open = True
        self._process = os.getpid()
        self._decoder = FrameDecoder(frame_bytes_max)
        self._messages: collections.deque = collections.deque()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        _inherited.add(self)
        try:
            self.limit(deadline)
            self._socket.connect(path)
        except OSError as error:
            raise self._closing(_lost(error, ambiguous=False)) from error
        except BaseException:
            self.close()
            raise

    @property
    def is_ours(self) -> bool:
        return self._process == os.getpid()

    def exchange(self, request_id: int, frame: bytes, deadline: Optional[float]) -> Any:
        """Sends a request and returns the result of its reply."""
        if not self.is_ours:
            raise self._closing(_lost(None, ambiguous=False))
        try:
            self.limit(deadline)
            self._socket.sendall(frame)
        except OSError as error:
            # A frame that did not leave whole is never executed.
            raise self._closing(_lost(error, ambiguous=False)) from error
        while True:
            message = self.receive(deadline)
            if "method" in message:
                continue
            if message.get("id") == request_id:
                if "error" in message:
                    raise SluiceError.from_wire(message["error"])
                return message.get("result")
            if message.get("id") is None and "error" in message:
                raise self._closing(_farewell(message, in_flight=1))
            # Else a reply that came after its deadline: nobody waits for it any more.

    def receive(self, deadline: Optional[float]) -> dict:
        """The next message."""
        if not self.is_ours:
            raise self._closing(_lost(None, ambiguous=False))
        while not self._messages:
            if self._decoder.failure is not None:
                raise self._closing(_violation("What arrived is no frame."))
            try:
                self.limit(deadline)
                data = self._socket.recv(1 << 16)
            except (socket.timeout, DeadlineExceeded) as error:
                raise DeadlineExceeded("No reply came in time.", ambiguous=True) from error
            except OSError as error:
                raise self._closing(_lost(error, ambiguous=True)) from error
            if not data:
                raise self._closing(_lost(None, ambiguous=True))
            try:
                self._messages.extend(_message(payload) for payload in self._decoder.feed(data))
            except ProtocolViolation as failure:
                raise self._closing(failure)
        return self._messages.popleft()

    def close(self) -> None:
        self.is_open = False
        try:
            if self.is_ours:
                self._socket.shutdown(socket.SHUT_RDWR)  # Wakes another thread that reads.
        except OSError:
            pass
        self._socket.close()

    def _disown(self) -> None:
        """In a child, whose parent goes on with the stream."""
        self.depth = 0
        self.close()

    def _closing(self, failure: SluiceError) -> SluiceError:
        self.close()
        return failure

    def limit(self, deadline: Optional[float]) -> None:
        remaining = _remaining(deadline)
        if remaining is not None and remaining <= 0:
            raise DeadlineExceeded("The deadline passed.")
        self._socket.settimeout(remaining)


class Client(_Scopes):
    """The synchronous client. Thread-safe, one request at a time: threads that wait long take a client each.

    Connects on first use and again whenever the connection is lost; after a fork the child has a connection of its own.
    An exception that breaks a call off (of a signal handler, say) closes the connection. `session` are the parameters
    of `session.open` (`handler`, `transaction_mode`, ...), sent at the start of each connection.
    """

    def __init__(
        self, path: Optional[str] = None, *, timeout: Optional[float] = TIMEOUT_DEFAULT,
        session: Optional[Mapping[str, Any]] = None, frame_bytes_max: int = FRAME_BYTES_MAX,
    ) -> None:
        self.path = path or default_socket_path()
        self.timeout = timeout
        self.session = session
        self.session_info: Optional[dict] = None
        self._requests = _Requests(frame_bytes_max)
        self._frame_bytes_max = frame_bytes_max
        self._connection: Optional[_Connection] = None
        self._is_closed = False
        self._lock = threading.RLock()
        _inherited.add(self)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def close(self) -> None:
        """For good; a call in flight on another thread ends with an error."""
        self._is_closed = True
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def call(self, method: str, params: Optional[Mapping[str, Any]] = None, *, timeout: Any = _DEFAULT) -> Any:
        """Any method by its name, with everything the named methods do: deadlines, errors, repetition."""
        return self._call(method, params or {}, timeout, None)

    def _call(self, method: str, params: Mapping[str, Any], timeout: Any, outcome: Optional[_Outcome]) -> Any:
        deadline = _deadline(self.timeout if timeout is _DEFAULT else timeout)
        attempts = Attempts(method, params, deadline)
        lock, remaining = self._lock, _remaining(deadline)
        patience = -1 if remaining is None else min(max(0.0, remaining), threading.TIMEOUT_MAX)
        is_late = False
        try:
            is_late = not lock.acquire(timeout=patience)
            if is_late:
                _delay(attempts, DeadlineExceeded("Another thread's call lasted until the deadline."))  # Raises.
            while True:
                try:
                    return self._attempt(method, params, deadline, outcome)
                except SluiceError as failure:
                    time.sleep(_delay(attempts, failure))
        finally:
            if not is_late:
                with contextlib.suppress(RuntimeError):  # A signal handler raised before it was acquired.
                    lock.release()

    def _wait(self, wait: _Wait) -> Any:
        while True:
            params, timeout = wait.next()
            result = self.call(wait.method, params, timeout=timeout)
            if wait.is_over(result):
                return result

    def subscribe(
        self, transaction_ids: Optional[List[str]] = None, statuses: Optional[List[str]] = None, *,
        timeout: Optional[float] = None,
    ) -> Subscription:
        """Events as they happen, on a connection of their own. `timeout`: seconds to wait for each event."""
        deadline = _deadline(self.timeout)
        connection = _Connection(self.path, self._frame_bytes_max, deadline)
        try:
            params = _given(transaction_ids=transaction_ids, statuses=statuses)
            request = self._requests.frame("transaction.subscribe", params, _remaining(deadline))
            result = connection.exchange(*request, deadline)
        except BaseException:
            connection.close()
            raise
        return Subscription(connection, self._requests, result["subscription_id"], timeout)

    def keyspace_scope(self, watch: Optional[List[Mapping[str, Any]]] = None) -> Scope:
        return Scope(self, watch)

    def _depth(self) -> int:
        connection = self._connection
        return connection.depth if connection is not None and connection.is_open and connection.is_ours else 0

    def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _disown(self) -> None:
        self._lock = threading.RLock()  # The old one may be held by a thread that is not here.
        connection, self._connection = self._connection, None
        outcome, self._outcome = self._outcome, None
        if connection is not None:
            connection._disown()
        if outcome is not None:
            outcome.end(None, _forked_outcome())

    def _attempt(
        self, method: str, params: Mapping[str, Any], deadline: Optional[float], outcome: Optional[_Outcome],
    ) -> Any:
        if self._connection is not None and not self._connection.is_ours:
            self._disown()
        connection = self._connection
        if connection is not None and not connection.is_open:
            self._connection = None
            if connection.depth > 0:
                raise _scope_lost()
            connection = None
        self._check(method, outcome)
        if connection is None:
            connection = self._connect(deadline)
        depth = connection.depth
        try:
            request = self._requests.frame(method, params, _remaining(deadline))
            connection.limit(deadline)
        except SluiceError:
            if depth > 0:
                connection.close()
                self._interrupted(method, connection, depth, is_sent=False)
            raise
        try:
            decode = _DECODERS.get(method)
            result = self._exchange(connection, method, request, deadline)
            result = decode(result) if decode else result
            self._settle(method, result, outcome)
            return result
        except SluiceError:
            raise
        except BaseException:
            # A signal handler raised: half a frame may have left, a reply be on its way, a scope be open unseen.
            connection.close()
            self._interrupted(method, connection, depth)
            raise

    def _exchange(self, connection: _Connection, method: str, request: tuple, deadline: Optional[float]) -> Any:
        depth = connection.depth
        try:
            result = connection.exchange(*request, deadline)
        except SluiceError as failure:
            if _leaves_scope_unclear(method, failure, depth > 0):
                connection.close()
            connection.depth = _depth_after(method, failure, depth) if connection.is_open else 0
            if depth > 0:
                raise self._settle_failed(method, failure, depth, is_lost=not connection.is_open) from failure
            raise
        connection.depth = _depth(method, result, depth)
        if depth == 0 and _is_queued(method, result):
            raise connection._closing(_stray_receipt())
        return result

    def _connect(self, deadline: Optional[float]) -> _Connection:
        if self._is_closed:
            raise _client_closed()
        connection = _Connection(self.path, self._frame_bytes_max, deadline)
        if self.session is not None:
            try:
                request = self._requests.frame("session.open", _session(self.session), _remaining(deadline))
                self.session_info = connection.exchange(*request, deadline)
            except BaseException as failure:
                connection.close()
                if isinstance(failure, SluiceError):
                    failure.ambiguous = False
                raise
        self._connection = connection
        return connection


class Subscription:
    """An iterator of events `{subscription_id, transaction_id, status, at}`. Ends when it is closed.

    Raises `ConnectionLost` when the sidecar closes it (a reader too slow, a stop): ask for the statuses and subscribe
    again. Raises `DeadlineExceeded` when no event came in time; it can be iterated further then.
    """

    def __init__(
        self, connection: _Connection, requests: _Requests, subscription_id: str, timeout: Optional[float],
    ) -> None:
        self.subscription_id = subscription_id
        self._connection: Optional[_Connection] = connection
        self._requests = requests
        self._timeout = timeout

    def __enter__(self) -> Subscription:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def __iter__(self) -> Subscription:
        return self

    def __next__(self) -> dict:
        if self._connection is None:
            raise StopIteration
        deadline = _deadline(self._timeout)
        while True:
            message = self._connection.receive(deadline)
            if message.get("method") == "transaction.event":
                return message["params"]

    def close(self) -> None:
        """Unsubscribes."""
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                params = {"subscription_id": self.subscription_id}
                request = self._requests.frame("transaction.unsubscribe", params, 1.0)
                connection.exchange(*request, _deadline(1.0))
            except SluiceError:
                pass  # The end of the connection ends the subscription as well.
            connection.close()


def _deadline(timeout: Optional[float]) -> Optional[float]:
    return None if timeout is None else time.monotonic() + timeout


def _delay(attempts: Attempts, failure: SluiceError) -> float:
    """As `Attempts.delay_after`; what it raises names the transaction."""
    try:
        return attempts.delay_after(failure, time.monotonic())
    except SluiceError as verdict:
        verdict.transaction_id = attempts.transaction_id
        raise


def _depth(method: str, result: Any, depth: int) -> int:
    if method in ("keyspace.begin", "keyspace.commit", "keyspace.discard"):
        return result.get("depth", 0)
    return depth


def _depth_after(method: str, failure: SluiceError, depth: int) -> int:
    """A commit that was executed has left a level, whatever became of it."""
    was_executed = not isinstance(failure, (Busy, DeadlineExceeded))
    return max(0, depth - 1) if method == "keyspace.commit" and was_executed else depth


def _leaves_scope_unclear(method: str, failure: SluiceError, is_inside: bool) -> bool:
    """Nobody knows what the scope holds: only the end of the connection makes that certain."""
    return failure.ambiguous and (method == "keyspace.begin" or is_inside)


def _session(session: Mapping[str, Any]) -> dict:
    return {"client": {"name": "sluice-python", "version": __version__}, "protocol": PROTOCOL, **session}


# --- The asynchronous client ------------------------------------------------------------------------------------------


class _AsyncConnection:
    """One stream of this process. Requests go out in the order of `exchange`; replies find their requests by id."""

    def __init__(
        self, sock: socket.socket, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, frame_bytes_max: int,
    ) -> None:
        self.depth = 0
        self.events: Optional[asyncio.Queue] = None  # of a subscription; a full one stops the reading
        self.failure: Optional[SluiceError] = None
        self._process = os.getpid()
        self._socket, self._reader, self._writer = sock, reader, writer
        self._decoder = FrameDecoder(frame_bytes_max)
        self._waiting: Dict[int, tuple] = {}  # method and future by the request's id
        self._begins = 0  # that wait for their reply
        self._task = asyncio.ensure_future(self._read())
        _inherited.add(self)

    @staticmethod
    async def open(path: str, frame_bytes_max: int, deadline: Optional[float]) -> _AsyncConnection:
        # A socket of ours, since a stream does not give its own away, and a child must close it.
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.setblocking(False)
            await _within(asyncio.get_running_loop().sock_connect(sock, path), deadline)
            return _AsyncConnection(sock, *await asyncio.open_unix_connection(sock=sock), frame_bytes_max)
        except OSError as error:
            sock.close()
            raise _lost(error, ambiguous=False) from error
        except BaseException:
            sock.close()
            raise

    @property
    def is_ours(self) -> bool:
        return self._process == os.getpid()

    @property
    def is_in_scope(self) -> bool:
        """Also when its begin is still on the way: what follows joins it."""
        return self.depth > 0 or self._begins > 0

    async def exchange(self, method: str, request_id: int, frame: bytes, deadline: Optional[float]) -> Any:
        if self.failure is not None or not self.is_ours:
            raise _lost(None, ambiguous=False)
        reply = asyncio.get_running_loop().create_future()
        self._waiting[request_id] = method, reply
        self._begins += method == "keyspace.begin"
        try:
            self._writer.write(frame)
            return await _within(self._drained(reply), deadline, ambiguous=True)
        finally:
            self._waiting.pop(request_id, None)
            self._begins -= method == "keyspace.begin"
            if reply.done() and not reply.cancelled():
                reply.exception()  # Seen, even when the deadline came first.

    async def _drained(self, reply: asyncio.Future) -> Any:
        try:
            await self._writer.drain()
        except OSError as error:
            self._end(_lost(error, ambiguous=True))  # The reader has not noticed yet.
        message = await reply
        if "error" in message:
            raise SluiceError.from_wire(message["error"])
        return message.get("result")

    async def _read(self) -> None:
        failure = _lost(None, ambiguous=True)
        try:
            while True:
                data = await self._reader.read(1 << 16)
                if not data:
                    break
                for payload in self._decoder.feed(data):
                    await self._take(_message(payload))
                if self._decoder.failure is not None:
                    raise _violation("What arrived is no frame.")
        except OSError as error:
            failure = _lost(error, ambiguous=True)
        except SluiceError as error:
            failure = error
        finally:
            self._end(failure)

    async def _take(self, message: dict) -> None:
        if "method" in message:
            if message["method"] == "transaction.event" and self.events is not None:
                await self.events.put(message["params"])
        elif message.get("id") is None and "error" in message:
            raise _farewell(message, len(self._waiting))
        else:
            method, reply = self._waiting.get(message.get("id"), ("", None))
            if reply is not None and not reply.done():
                if "error" in message:
                    self.depth = _depth_after(method, SluiceError.from_wire(message["error"]), self.depth)
                else:
                    self.depth = _depth(method, message.get("result"), self.depth)
                reply.set_result(message)

    def _end(self, failure: SluiceError) -> None:
        if self.failure is None:
            self.failure = failure
            if self.events is not None and self.events.empty():
                self.events.put_nowait(None)  # Wakes the reader of events; one that is behind sees `failure`.
        for _, reply in self._waiting.values():
            if not reply.done():
                reply.set_exception(failure)
        self._writer.close()

    def abort(self) -> None:
        """At once; what was not written yet stays unwritten."""
        if not self.is_ours:
            self._disown()
            return
        self._end(_lost(None, ambiguous=True))
        self._writer.transport.abort()

    async def close(self) -> None:
        self.abort()
        if not self.is_ours:
            return
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        try:
            await self._writer.wait_closed()
        except OSError:
            pass

    def _disown(self) -> None:
        """In a child. The loop and its selector are the parent's too: what knows them must not be used or collected."""
        self.depth = 0
        if self.failure is None:
            self.failure = _lost(None, ambiguous=True)
        self._socket.close()
        _disowned.append(self)


async def _within(awaitable: Any, deadline: Optional[float], ambiguous: bool = False) -> Any:
    try:
        return await asyncio.wait_for(awaitable, None if deadline is None else max(0.0, deadline - time.monotonic()))
    except asyncio.TimeoutError:
        raise DeadlineExceeded("No reply came in time.", ambiguous=ambiguous) from None


class AsyncClient(_Scopes):
    """The asyncio client: as `Client`, with any number of requests in flight on one connection.

    A call may be cancelled: what it asked for may or may not be done. Inside a scope, and while one is begun, that
    closes the connection and so discards the scope; requests that share the connection are repeated where they may be.

    Requests are written in the order of the calls. When a connection is lost, those in flight are repeated each for
    itself: where the order of two transactions matters, await the first receipt or give both an `ordering_key`.
    """

    def __init__(
        self, path: Optional[str] = None, *, timeout: Optional[float] = TIMEOUT_DEFAULT,
        session: Optional[Mapping[str, Any]] = None, frame_bytes_max: int = FRAME_BYTES_MAX,
    ) -> None:
        self.path = path or default_socket_path()
        self.timeout = timeout
        self.session = session
        self.session_info: Optional[dict] = None
        self._requests = _Requests(frame_bytes_max)
        self._frame_bytes_max = frame_bytes_max
        self._connection: Optional[_AsyncConnection] = None
        self._is_closed = False
        self._connecting: Optional[asyncio.Lock] = None
        _inherited.add(self)

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(self, *_: Any) -> None:
        await self.close()

    async def close(self) -> None:
        """For good; calls in flight end with an error."""
        self._is_closed = True
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def call(self, method: str, params: Optional[Mapping[str, Any]] = None, *, timeout: Any = _DEFAULT) -> Any:
        return await self._call(method, params or {}, timeout, None)

    async def _call(self, method: str, params: Mapping[str, Any], timeout: Any, outcome: Optional[_Outcome]) -> Any:
        deadline = _deadline(self.timeout if timeout is _DEFAULT else timeout)
        attempts = Attempts(method, params, deadline)
        while True:
            try:
                return await self._attempt(method, params, deadline, outcome)
            except SluiceError as failure:
                await asyncio.sleep(_delay(attempts, failure))

    async def _wait(self, wait: _Wait) -> Any:
        while True:
            params, timeout = wait.next()
            result = await self.call(wait.method, params, timeout=timeout)
            if wait.is_over(result):
                return result

    def subscribe(
        self, transaction_ids: Optional[List[str]] = None, statuses: Optional[List[str]] = None, *,
        timeout: Optional[float] = None,
    ) -> AsyncSubscription:
        """As `Client.subscribe`; use it with `async with`, iterate with `async for`."""
        return AsyncSubscription(self, _given(transaction_ids=transaction_ids, statuses=statuses), timeout)

    def keyspace_scope(self, watch: Optional[List[Mapping[str, Any]]] = None) -> AsyncScope:
        return AsyncScope(self, watch)

    def _depth(self) -> int:
        connection = self._connection
        return connection.depth if connection is not None and connection.failure is None and connection.is_ours else 0

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.depth = 0
            self._connection.abort()

    def _disown(self) -> None:
        self._connecting = None
        connection, self._connection = self._connection, None
        outcome, self._outcome = self._outcome, None
        if connection is not None:
            connection._disown()
        if outcome is not None:
            outcome.end(None, _forked_outcome())

    async def _attempt(
        self, method: str, params: Mapping[str, Any], deadline: Optional[float], outcome: Optional[_Outcome],
    ) -> Any:
        if self._connection is not None and not self._connection.is_ours:
            self._disown()
        connection = self._connection
        if connection is None or connection.failure is not None:
            self._check_lost()
            self._check(method, outcome)
            connection = await self._connect(deadline)
        self._check(method, outcome)
        depth, is_inside = connection.depth, connection.is_in_scope
        try:
            request = self._requests.frame(method, params, _remaining(deadline))
        except SluiceError:
            if is_inside:
                connection.abort()
                self._interrupted(method, connection, max(depth, connection.depth), is_sent=False)
            raise
        try:
            result = await connection.exchange(method, *request, deadline)
        except SluiceError as failure:
            # The reader gives one failure to all that wait: each raises its own, for each has its own verdict.
            if connection.failure is failure:
                failure = _copy(failure)
            if connection.failure is None and _leaves_scope_unclear(method, failure, is_inside):
                connection.abort()
            if not is_inside:
                raise failure
            is_lost = connection.failure is not None
            if is_lost:
                connection.depth = 0
            raise self._settle_failed(method, failure, depth, is_lost) from failure
        except BaseException:
            # Cancelled: nobody will know whether the scope is open, and what it holds.
            if method == "keyspace.begin" or is_inside:
                connection.abort()
                self._interrupted(method, connection, max(depth, connection.depth) if is_inside else 0)
            raise
        if not is_inside and _is_queued(method, result):
            connection.abort()
            raise _stray_receipt()
        decode = _DECODERS.get(method)
        result = decode(result) if decode else result
        self._settle(method, result, outcome)
        return result

    def _check_lost(self) -> None:
        """The scope of a connection that is gone is said once."""
        old = self._connection
        if old is not None and old.failure is not None and old.depth > 0:
            old.depth = 0
            self._scope_ended(failure=_discarded("The connection was lost inside the scope."))
            raise _scope_lost()

    async def _connect(self, deadline: Optional[float]) -> _AsyncConnection:
        # Made here: before Python 3.10 a lock belongs to the loop that runs when it is made.
        connecting = self._connecting = self._connecting or asyncio.Lock()
        await _within(connecting.acquire(), deadline)
        try:
            if self._is_closed:
                raise _client_closed()
            old = self._connection
            if old is not None and old.failure is None:
                return old
            if old is not None:
                self._check_lost()
                self._connection = None
                await old.close()
            connection = await _AsyncConnection.open(self.path, self._frame_bytes_max, deadline)
            if self.session is not None:
                try:
                    request = self._requests.frame("session.open", _session(self.session), _remaining(deadline))
                    self.session_info = await connection.exchange("session.open", *request, deadline)
                except BaseException as failure:
                    await connection.close()
                    if isinstance(failure, SluiceError):
                        raise _copy(failure, ambiguous=False) from failure
                    raise
            self._connection = connection
            return connection
        finally:
            connecting.release()


class AsyncSubscription:
    """As `Subscription`, for asyncio."""

    def __init__(self, client: AsyncClient, params: dict, timeout: Optional[float]) -> None:
        self.subscription_id: Optional[str] = None
        self._client = client
        self._params = params
        self._timeout = timeout
        self._connection: Optional[_AsyncConnection] = None

    async def __aenter__(self) -> AsyncSubscription:
        client, deadline = self._client, _deadline(self._client.timeout)
        connection = await _AsyncConnection.open(client.path, client._frame_bytes_max, deadline)
        connection.events = asyncio.Queue(EVENTS_MAX)
        try:
            request = client._requests.frame("transaction.subscribe", self._params, _remaining(deadline))
            result = await connection.exchange("transaction.subscribe", *request, deadline)
        except BaseException:
            await connection.close()
            raise
        self._connection, self.subscription_id = connection, result["subscription_id"]
        return self

    async def __aexit__(self, *_: Any) -> None:
        await self.close()

    def __aiter__(self) -> AsyncSubscription:
        return self

    async def __anext__(self) -> dict:
        connection = self._connection
        if connection is None:
            raise StopAsyncIteration
        event = None
        if connection.failure is None or not connection.events.empty():
            event = await _within(connection.events.get(), _deadline(self._timeout))
        if event is None:
            raise _copy(connection.failure)
        return event

    async def close(self) -> None:
        """Unsubscribes."""
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                params = {"subscription_id": self.subscription_id}
                request = self._client._requests.frame("transaction.unsubscribe", params, 1.0)
                await connection.exchange("transaction.unsubscribe", *request, _deadline(1.0))
            except SluiceError:
                pass  # The end of the connection ends the subscription as well.
            await connection.close()
