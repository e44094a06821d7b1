# SPDX-License-Identifier: MIT
"""The synchronous client against a sidecar that fails on demand."""
import contextlib
import datetime
import os
import signal
import threading
import time
import unittest
import warnings
from decimal import Decimal

from fake_sidecar import FakeSidecar, error

import sluice
from sluice import Client, TransactionBuilder

CREATE = {"transaction_id": "tx-1", "steps": [{"step_id": "a", "operation": "create", "model": "m", "data": {}}]}
CUTS = ("cut", "execute_and_cut", "half_reply", "half_header")


class WhenTheConnectionIsCut(unittest.TestCase):
    def test_a_buffer_is_sent_again_under_the_same_id_and_accepted_once(self):
        for cut in CUTS:
            with self.subTest(cut), FakeSidecar(cut) as sidecar, Client(sidecar.path) as client:
                receipt = client.buffer({"steps": CREATE["steps"]})
                ids = {request["params"]["transaction"]["transaction_id"] for request in sidecar.requests}
                self.assertEqual(ids, {receipt["transaction_id"]})
                self.assertEqual((len(sidecar.requests), len(sidecar.accepted), sidecar.connections), (2, 1, 2))
                self.assertEqual(receipt["duplicate"], cut != "cut")

    def test_it_is_sent_again_after_several_cuts_in_a_row(self):
        with FakeSidecar(*CUTS) as sidecar, Client(sidecar.path) as client:
            client.buffer(CREATE)
            self.assertEqual((len(sidecar.requests), len(sidecar.accepted)), (5, 1))

    def test_an_update_keeps_its_generated_id_over_the_cut(self):
        with FakeSidecar("half_reply") as sidecar, Client(sidecar.path) as client:
            client.update("telescope", "t1", {"state": "busy"})
            first, second = (request["params"]["transaction_id"] for request in sidecar.requests)
            self.assertEqual(first, second)

    def test_what_may_not_be_repeated_is_outcome_unknown(self):
        with FakeSidecar("execute_and_cut") as sidecar, Client(sidecar.path) as client:
            with self.assertRaises(sluice.OutcomeUnknown):
                client.keyspace_command("INCR", "k")
            self.assertEqual(len(sidecar.requests), 1)

    def test_a_write_without_id_is_not_repeated_and_outcome_unknown(self):
        for method, params in (("transaction.buffer", {"transaction": {"steps": []}}), ("record.update", {})):
            with self.subTest(method), FakeSidecar("cut") as sidecar, Client(sidecar.path) as client:
                with self.assertRaises(sluice.OutcomeUnknown):
                    client.call(method, params)
                self.assertEqual(len(sidecar.requests), 1)

    def test_a_scope_that_was_lost_is_said_and_not_continued(self):
        with FakeSidecar("ok", "cut") as sidecar, Client(sidecar.path) as client:
            client.keyspace_begin()
            with self.assertRaises(sluice.ConnectionLost):
                client.buffer(CREATE)
            self.assertEqual(sidecar.methods(), ["keyspace.begin", "transaction.buffer"])
            client.buffer(CREATE)
            self.assertEqual(len(sidecar.accepted), 1)

    def test_a_request_that_fails_inside_a_scope_is_not_sent_again(self):
        with FakeSidecar("ok", error("busy", -32001), "ok") as sidecar, Client(sidecar.path) as client:
            client.keyspace_begin()
            with self.assertRaises(sluice.Busy):
                client.buffer(CREATE)
            client.keyspace_discard()
            self.assertEqual(sidecar.methods(), ["keyspace.begin", "transaction.buffer", "keyspace.discard"])

    def test_a_reply_that_does_not_come_inside_a_scope_ends_it(self):
        with FakeSidecar("ok", "silence") as sidecar, Client(sidecar.path) as client:
            client.keyspace_begin()
            with self.assertRaises(sluice.ConnectionLost):
                client.buffer(CREATE, timeout=0.05)
            client.buffer(CREATE)
            self.assertEqual(sidecar.connections, 2)

    def test_a_refused_commit_has_left_the_scope(self):
        refusal = error("keyspace_error", -32018, detail="EXECABORT")
        with FakeSidecar("ok", refusal, "cut", "ok") as sidecar, Client(sidecar.path) as client:
            with self.assertRaises(sluice.KeyspaceError):
                with client.keyspace_scope() as scope:
                    pass
            self.assertIsNone(scope.result)
            # Not in a scope any more: what may be sent again is.
            client.buffer(CREATE)

    def test_an_exception_discards_the_scope_and_is_the_one_that_comes_out(self):
        for fault in ("ok", "cut"):
            with self.subTest(fault), FakeSidecar("ok", fault) as sidecar, Client(sidecar.path) as client:
                with self.assertRaises(KeyError):
                    with client.keyspace_scope():
                        raise KeyError
                self.assertEqual(sidecar.methods(), ["keyspace.begin", "keyspace.discard"])

    def test_what_says_it_is_not_retryable_is_not_retried(self):
        with FakeSidecar(error("busy", -32001, retryable=False)) as sidecar, Client(sidecar.path) as client:
            with self.assertRaises(sluice.Busy):
                client.status("tx-1")
            self.assertEqual(len(sidecar.requests), 1)

    def test_an_object_is_sent_again_under_its_id_only(self):
        with FakeSidecar("execute_and_cut", "ok") as sidecar, Client(sidecar.path) as client:
            client.object_save("k", 1, {"a": 1}, transaction_id="r")
            self.assertEqual(len(sidecar.requests), 2)
        with FakeSidecar("execute_and_cut") as sidecar, Client(sidecar.path) as client:
            with self.assertRaises(sluice.OutcomeUnknown):
                client.object_save("k", 1, {"a": 1})

    def test_a_lost_commit_is_outcome_unknown(self):
        with FakeSidecar("ok", "execute_and_cut") as sidecar, Client(sidecar.path) as client:
            client.keyspace_begin()
            with self.assertRaises(sluice.OutcomeUnknown):
                client.keyspace_commit()

    def test_the_client_finds_a_sidecar_that_was_started_again(self):
        with FakeSidecar() as sidecar, Client(sidecar.path) as client:
            client.status("tx-1")
            sidecar.stop()
            starter = threading.Timer(0.05, sidecar.start_again)
            starter.start()
            client.buffer(CREATE)
            starter.join()
            self.assertEqual(sidecar.connections, 2)

    def test_the_session_is_opened_again_on_every_connection(self):
        with FakeSidecar("ok", "cut") as sidecar, Client(sidecar.path, session={"handler": "create"}) as client:
            client.status("tx-1")
            opened = [request["params"] for request in sidecar.requests if request["method"] == "session.open"]
            self.assertEqual([params["handler"] for params in opened], ["create", "create"])


class Alarm(Exception):
    """What a signal handler raises."""


@contextlib.contextmanager
def alarm(sidecar=None, seconds=20):
    """Rings when the (fake) sidecar lets a client wait, or after some time."""
    def ring(*_):
        raise Alarm
    before = signal.signal(signal.SIGALRM, ring)
    if sidecar is not None:
        sidecar.on_silence = lambda: signal.pthread_kill(threading.main_thread().ident, signal.SIGALRM)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if sidecar is not None:
            sidecar.on_silence = lambda: None


class WhenACallIsBrokenOff(unittest.TestCase):
    def assert_accepts(self, client, sidecar, connections):
        """Nothing of what follows lands in a scope that nobody knows of."""
        self.assertEqual(client.buffer(CREATE)["status"], "pending")
        self.assertEqual((list(sidecar.accepted), sidecar.connections), (["tx-1"], connections))

    def test_a_begin_leaves_no_scope_behind(self):
        with FakeSidecar("silence") as sidecar, Client(sidecar.path) as client:
            with alarm(sidecar), self.assertRaises(Alarm), client.keyspace_scope():
                self.fail("the scope was never begun")
            self.assert_accepts(client, sidecar, connections=2)
        with FakeSidecar("silence") as sidecar, Client(sidecar.path) as client:
            with alarm(sidecar), self.assertRaises(Alarm):
                client.keyspace_begin()
            self.assert_accepts(client, sidecar, connections=2)

    def test_a_begin_whose_reply_has_come_leaves_none_either(self):
        class Late(Client):
            def _settle(self, method, *arguments):
                if method == "keyspace.begin":
                    raise Alarm
                super()._settle(method, *arguments)

        with FakeSidecar() as sidecar, Late(sidecar.path) as client:
            with self.assertRaises(Alarm), client.keyspace_scope():
                self.fail("the scope was never begun")
            self.assert_accepts(client, sidecar, connections=2)

    def test_a_command_of_a_scope_discards_it(self):
        with FakeSidecar("ok", "ok", "silence") as sidecar, Client(sidecar.path) as client:
            with self.assertRaises(Alarm), client.keyspace_scope() as scope:
                future = scope.command("SET", "a", 1)
                with alarm(sidecar):
                    scope.command("SET", "b", 1)
            with self.assertRaises(sluice.Aborted):
                future.value
            self.assert_accepts(client, sidecar, connections=2)

    def test_the_scope_is_not_continued_where_it_is_caught(self):
        with FakeSidecar("ok", "silence") as sidecar, Client(sidecar.path) as client:
            with self.assertRaises(sluice.Aborted) as caught, client.keyspace_scope() as scope:
                with alarm(sidecar), self.assertRaises(Alarm):
                    scope.command("SET", "a", 1)
                for call in (lambda: scope.buffer(CREATE), lambda: client.buffer(CREATE)):
                    with self.assertRaises(sluice.Aborted):
                        call()
            self.assertIn("interrupted", str(caught.exception))
            self.assertEqual(sidecar.methods(), ["keyspace.begin", "keyspace.command"])
            self.assert_accepts(client, sidecar, connections=2)

    def test_a_commit_may_have_run(self):
        with FakeSidecar("ok", "ok", "silence") as sidecar, Client(sidecar.path) as client:
            with alarm(sidecar), self.assertRaises(Alarm), client.keyspace_scope() as scope:
                future = scope.command("SET", "a", 1)
            with self.assertRaises(sluice.OutcomeUnknown):
                future.value
            self.assert_accepts(client, sidecar, connections=2)

    def test_keyspace_begin_is_told_by_the_next_call(self):
        with FakeSidecar("ok", "silence") as sidecar, Client(sidecar.path) as client:
            client.keyspace_begin()
            with alarm(sidecar), self.assertRaises(Alarm):
                client.buffer(CREATE)
            with self.assertRaises(sluice.ConnectionLost):
                client.buffer(CREATE)
            self.assertEqual(len(sidecar.requests), 2)
            client.buffer(CREATE)

    def test_half_a_frame_is_not_continued_by_the_next(self):
        with FakeSidecar() as sidecar, Client(sidecar.path) as client:
            client.server_health()
            sidecar.reading.clear()
            with alarm(sidecar), self.assertRaises(Alarm):
                client.buffer({"transaction_id": "big", "steps": ["x" * 3_000_000]})
            sidecar.reading.set()
            self.assertEqual(client.buffer(CREATE, timeout=5)["transaction_id"], "tx-1")
            self.assertEqual(sidecar.connections, 2)

    def test_what_cannot_be_written_breaks_nothing_off(self):
        with FakeSidecar() as sidecar, Client(sidecar.path) as client:
            with client.keyspace_scope() as scope:
                with self.assertRaises(TypeError):
                    scope.command("SET", "a", object())
                future = scope.command("SET", "a", 1)
            self.assertIn("echo", future.value)
            self.assert_accepts(client, sidecar, connections=1)

    def test_a_commit_that_is_busy_is_discarded(self):
        busy = error("busy", -32001)
        for discard, connections in (("ok", 1), (busy, 2), ("silence", 2), ("cut", 2)):
            faults = ("ok", "ok", busy, discard)
            with self.subTest(discard), FakeSidecar(*faults) as sidecar, Client(sidecar.path, timeout=0.5) as client:
                with self.assertRaises(sluice.Busy), client.keyspace_scope() as scope:
                    future = scope.command("SET", "a", 1)
                with self.assertRaises(sluice.Aborted) as caught:
                    future.value
                self.assertIn("busy", str(caught.exception))
                self.assertEqual(sidecar.methods()[-2:], ["keyspace.commit", "keyspace.discard"])
                self.assert_accepts(client, sidecar, connections)

    def test_a_scope_whose_discard_fails_goes_with_the_connection(self):
        with FakeSidecar("ok", error("busy", -32001)) as sidecar, Client(sidecar.path) as client:
            with self.assertRaises(KeyError), client.keyspace_scope():
                raise KeyError
            self.assert_accepts(client, sidecar, connections=2)

    def test_a_begin_inside_that_is_never_committed_is_said(self):
        with FakeSidecar() as sidecar, Client(sidecar.path) as client:
            with self.assertRaises(sluice.Aborted), client.keyspace_scope():
                client.keyspace_begin()
            self.assert_accepts(client, sidecar, connections=1)

    def test_a_receipt_that_says_queued_outside_a_scope_is_none(self):
        with FakeSidecar("queue") as sidecar, Client(sidecar.path) as client:
            with self.assertRaises(sluice.ProtocolViolation) as caught:
                client.buffer(CREATE)
            self.assertEqual(caught.exception.transaction_id, "tx-1")
            self.assert_accepts(client, sidecar, connections=2)


class WhenAnInnerScopeIsDiscarded(unittest.TestCase):
    def test_nothing_of_the_outer_one_runs_on_its_own(self):
        with FakeSidecar() as sidecar, Client(sidecar.path) as client:
            with self.assertRaises(sluice.Aborted) as caught, client.keyspace_scope() as outer:
                first = outer.command("SET", "a", 1)
                with self.assertRaises(ZeroDivisionError), client.keyspace_scope() as inner:
                    raise ZeroDivisionError
                for call in (
                    lambda: outer.command("SET", "b", 1), lambda: outer.get_object("k", 1),
                    lambda: outer.buffer(CREATE), lambda: inner.command("SET", "b", 1), lambda: client.buffer(CREATE),
                    lambda: client.keyspace_command("SET", "b", 1), lambda: client.update("m", 1, {}),
                    lambda: client.object_save("k", 1, {}), client.transaction().send, client.keyspace_commit,
                    client.keyspace_scope().__enter__, client.keyspace_begin,
                ):
                    with self.assertRaises(sluice.Aborted):
                        call()
                client.status("tx-1")  # A read is no part of it.
            self.assertIn("ZeroDivisionError", str(caught.exception))
            with self.assertRaises(sluice.Aborted):
                first.value
            self.assertEqual(sidecar.methods(), [
                "keyspace.begin", "keyspace.command", "keyspace.begin", "keyspace.discard", "transaction.status"])
            self.assertIsNone(outer.result)
            with client.keyspace_scope() as after:
                future = after.buffer(CREATE)
            self.assertEqual((future.value["status"], list(sidecar.accepted)), ("pending", ["tx-1"]))

    def test_every_level_says_it(self):
        with FakeSidecar() as sidecar, Client(sidecar.path) as client:
            with self.assertRaises(sluice.Aborted), client.keyspace_scope():
                with self.assertRaises(sluice.Aborted), client.keyspace_scope():
                    with self.assertRaises(KeyError), client.keyspace_scope():
                        raise KeyError
            self.assertEqual(sidecar.methods(), ["keyspace.begin"] * 3 + ["keyspace.discard"])
            client.buffer(CREATE)

    def test_an_inner_commit_that_fails_discards_all(self):
        with FakeSidecar("ok", "ok", error("busy", -32001)) as sidecar, Client(sidecar.path) as client:
            with self.assertRaises(sluice.Aborted), client.keyspace_scope() as outer:
                with self.assertRaises(sluice.Busy), client.keyspace_scope():
                    pass
                with self.assertRaises(sluice.Aborted):
                    outer.buffer(CREATE)
            self.assertEqual(client.buffer(CREATE)["status"], "pending")

    def test_a_lost_connection_is_said_by_everything_that_follows(self):
        with FakeSidecar("ok", "cut") as sidecar, Client(sidecar.path) as client:
            with self.assertRaises(sluice.Aborted) as caught, client.keyspace_scope() as scope:
                with self.assertRaises(sluice.ConnectionLost):
                    scope.command("SET", "a", 1)
                with self.assertRaises(sluice.Aborted):
                    scope.command("SET", "b", 1)
            self.assertIn("lost", str(caught.exception))
            self.assertEqual(sidecar.methods(), ["keyspace.begin", "keyspace.command"])

    def test_a_discard_inside_is_said_by_the_end(self):
        with FakeSidecar() as sidecar, Client(sidecar.path) as client:
            with self.assertRaises(sluice.Aborted) as caught, client.keyspace_scope():
                client.keyspace_discard()
            self.assertIn("keyspace.discard", str(caught.exception))
            self.assertEqual(client.buffer(CREATE)["status"], "pending")

    def test_after_a_discard_of_its_own_the_client_goes_on(self):
        with FakeSidecar() as sidecar, Client(sidecar.path) as client:
            with self.assertRaises(sluice.Aborted), client.keyspace_scope() as outer:
                with self.assertRaises(KeyError), client.keyspace_scope():
                    raise KeyError
                client.keyspace_discard()
                client.buffer(CREATE)
                with self.assertRaises(sluice.Aborted):
                    outer.command("SET", "a", 1)
            self.assertEqual(list(sidecar.accepted), ["tx-1"])

    def test_an_end_that_never_came_does_not_stop_the_client_for_good(self):
        with FakeSidecar() as sidecar, Client(sidecar.path) as client:
            client.keyspace_scope().__enter__()
            with self.assertRaises(KeyError), client.keyspace_scope():
                raise KeyError
            with self.assertRaises(sluice.Aborted):
                client.buffer(CREATE)
            client.keyspace_discard()
            self.assertEqual(client.buffer(CREATE)["status"], "pending")

    def test_inside_keyspace_begin_its_owner_hears_of_it(self):
        for ending in ("keyspace_commit", "keyspace_discard"):
            with self.subTest(ending), FakeSidecar() as sidecar, Client(sidecar.path) as client:
                client.keyspace_begin()
                with self.assertRaises(KeyError), client.keyspace_scope():
                    raise KeyError
                with self.assertRaises(sluice.Aborted):
                    client.buffer(CREATE)
                with contextlib.suppress(sluice.Aborted):
                    getattr(client, ending)()
                self.assertEqual(client.buffer(CREATE)["status"], "pending")
                self.assertEqual(len(sidecar.accepted), 1)

    def test_inside_keyspace_begin_its_commit_gives_the_values(self):
        with FakeSidecar() as sidecar, Client(sidecar.path) as client:
            client.keyspace_begin()
            with client.keyspace_scope() as scope:
                future = scope.buffer(CREATE)
            with self.assertRaises(sluice.OperationModeError):
                future.value
            client.keyspace_commit()
            self.assertEqual(future.value["status"], "pending")

    def test_a_scope_takes_nothing_before_its_begin_and_after_its_end(self):
        with FakeSidecar() as sidecar, Client(sidecar.path) as client:
            scope = client.keyspace_scope()
            for _ in range(2):
                with self.assertRaises(sluice.OperationModeError):
                    scope.buffer(CREATE)
                with scope:
                    pass
            self.assertEqual(sidecar.accepted, {})

    def test_the_values_of_a_lost_commit_are_unknown(self):
        with FakeSidecar("ok", "ok", "execute_and_cut") as sidecar, Client(sidecar.path) as client:
            with self.assertRaises(sluice.OutcomeUnknown), client.keyspace_scope() as scope:
                future = scope.buffer(CREATE)
            with self.assertRaises(sluice.OutcomeUnknown):
                future.value
            self.assertEqual(len(sidecar.accepted), 1)


class Child:
    """Runs `body` in a child of this process."""

    def __init__(self, body) -> None:
        self._answers, write = os.pipe()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of Python 3.12: there are threads
            self._process = os.fork()
        if self._process == 0:
            try:
                signal.alarm(20)
                answer = body()
            except BaseException as failure:
                answer = repr(failure)
            os.write(write, str(answer).encode())
            os._exit(0)
        os.close(write)

    def answer(self) -> str:
        with os.fdopen(self._answers) as answers:
            answer = answers.read()
        os.waitpid(self._process, 0)
        return answer


def forked(body) -> str:
    return Child(body).answer()


class Forks(unittest.TestCase):
    def send(self, client, who):
        ids = [f"{who}-{n}" for n in range(100)]
        receipts = [client.buffer({"transaction_id": id, "steps": []}, timeout=5)["transaction_id"] for id in ids]
        return "right" if receipts == ids else f"wrong: {receipts}"

    def test_parent_and_child_get_their_own_receipts(self):
        with FakeSidecar() as sidecar, Client(sidecar.path) as client:
            client.server_health()
            child = Child(lambda: self.send(client, "child"))
            self.assertEqual((self.send(client, "parent"), child.answer()), ("right", "right"))
            self.assertEqual((len(sidecar.accepted), sidecar.connections), (200, 2))

    def test_without_the_interpreters_hook_too(self):
        with FakeSidecar() as sidecar, Client(sidecar.path) as client:
            client.server_health()
            sluice._inherited.clear()
            child = Child(lambda: self.send(client, "child"))
            self.assertEqual((self.send(client, "parent"), child.answer()), ("right", "right"))
            forked(client.close)
            client.server_health()
            self.assertEqual((len(sidecar.accepted), sidecar.connections), (200, 2))

    def test_the_childs_end_is_not_the_end_of_the_parents_connection(self):
        with FakeSidecar() as sidecar, Client(sidecar.path) as client:
            client.server_health()
            forked(client.close)
            client.server_health()
            self.assertEqual(sidecar.connections, 1)

    def test_a_lock_of_another_thread_does_not_stop_the_child(self):
        with FakeSidecar("silence") as sidecar, Client(sidecar.path) as client:
            def wait():
                with contextlib.suppress(sluice.ConnectionLost):
                    client.status("tx-1", timeout=20)
            thread = threading.Thread(target=wait)
            thread.start()
            while not sidecar.requests:
                time.sleep(0.001)
            self.assertIn("tx-2", forked(lambda: client.status("tx-2", timeout=5)))
            client.close()
            thread.join()

    def test_a_scope_stays_with_the_parent(self):
        with FakeSidecar() as sidecar, Client(sidecar.path) as client:
            def child():
                try:
                    scope.command("SET", "b", 1)
                except sluice.Aborted as failure:
                    return failure
            with client.keyspace_scope() as scope:
                future = scope.command("SET", "a", 1)
                self.assertIn("forked", forked(child))
                self.assertIn("pending", forked(lambda: client.buffer(CREATE)))
            self.assertIn("echo", future.value)
            self.assertEqual(sidecar.methods().count("keyspace.command"), 1)

    def test_a_subscription_stays_with_the_parent(self):
        with FakeSidecar() as sidecar, Client(sidecar.path) as client:
            sidecar.events = [{"status": "a"}]
            with client.subscribe(timeout=5) as events:
                self.assertIn("ConnectionLost", forked(lambda: next(events)))
                forked(events.close)
                self.assertEqual(next(events), {"status": "a"})


class Deadlines(unittest.TestCase):
    def test_a_call_of_another_thread_counts(self):
        with FakeSidecar("silence") as sidecar, Client(sidecar.path) as client:
            def hold():
                with contextlib.suppress(sluice.DeadlineExceeded):
                    client.status("tx-1", timeout=5)
            thread = threading.Thread(target=hold)
            thread.start()
            while not sidecar.requests:
                time.sleep(0.001)
            with self.assertRaises(sluice.DeadlineExceeded) as caught:
                client.buffer(CREATE, timeout=0.1)
            self.assertTrue(thread.is_alive())
            self.assertEqual(caught.exception.transaction_id, "tx-1")
            self.assertEqual(client.buffer(CREATE, timeout=None)["status"], "pending")
            thread.join()

    def test_a_wait_without_limit_is_sent_in_pieces(self):
        pieces = [{"status": "pending", "timed_out": True}] * 2 + [{"status": "committed"}]
        with FakeSidecar() as sidecar, Client(sidecar.path) as client:
            sidecar.results = {"transaction.wait": list(pieces)}
            self.assertEqual(client.wait("tx-1", timeout=None), {"status": "committed"})
            for request in sidecar.requests:
                self.assertEqual(request["params"]["timeout_ms"], 3_600_000)
                self.assertNotIn("deadline_ms", request["params"]["_meta"])

    def test_a_long_wait_asks_for_no_more_than_the_sidecar_gives(self):
        with FakeSidecar() as sidecar, Client(sidecar.path) as client:
            sidecar.results = {"transaction.wait": [{"timed_out": True}, {"status": "committed"}]}
            client.wait("tx-1", timeout=4000)
            self.assertEqual([request["params"]["timeout_ms"] for request in sidecar.requests], [3_600_000] * 2)
            self.assertTrue(4_004_000 <= sidecar.requests[0]["params"]["_meta"]["deadline_ms"] <= 4_005_000)

    def test_the_last_piece_ends_the_wait(self):
        with FakeSidecar() as sidecar, Client(sidecar.path) as client:
            sidecar.results = {"transaction.wait": [{"timed_out": True}] * 2}
            self.assertEqual(client.wait("tx-1", timeout=3600), {"timed_out": True})
            self.assertEqual(len(sidecar.requests), 1)

    def test_a_drain_without_limit_ends_when_the_rest_is_parked(self):
        for result in ({"drained": True, "remaining": 0}, {"drained": False, "remaining": 1}):
            with FakeSidecar() as sidecar, Client(sidecar.path) as client:
                sidecar.results = {"processor.drain": [result]}
                self.assertEqual(client.processor_drain(timeout=None), result)
                self.assertEqual(len(sidecar.requests), 1)

    def test_the_deadline_travels_with_the_request(self):
        with FakeSidecar() as sidecar, Client(sidecar.path) as client:
            client.status("tx-1", timeout=2)
            client.status("tx-1", timeout=None)
            bounded, unbounded = (request["params"]["_meta"] for request in sidecar.requests)
            self.assertTrue(1900 <= bounded["deadline_ms"] <= 2000)
            self.assertEqual(unbounded, {"protocol": "1"})

    def test_a_wait_gives_its_reply_time_beyond_the_wait(self):
        with FakeSidecar() as sidecar, Client(sidecar.path) as client:
            client.wait("tx-1", "replicated", timeout=2)
            params = sidecar.requests[0]["params"]
            self.assertTrue(1900 <= params["timeout_ms"] <= 2000)
            self.assertTrue(6900 <= params["_meta"]["deadline_ms"] <= 7000)

    def test_a_read_without_reply_ends_at_the_deadline(self):
        with FakeSidecar("silence") as sidecar, Client(sidecar.path) as client:
            with self.assertRaises(sluice.DeadlineExceeded):
                client.status("tx-1", timeout=0.1)

    def test_a_write_without_reply_is_outcome_unknown_and_names_its_transaction(self):
        with FakeSidecar("silence") as sidecar, Client(sidecar.path) as client:
            with self.assertRaises(sluice.OutcomeUnknown) as caught:
                client.buffer(CREATE, timeout=0.1)
            self.assertEqual(caught.exception.transaction_id, "tx-1")

    def test_a_late_reply_is_not_taken_for_the_next_one(self):
        with FakeSidecar() as sidecar, Client(sidecar.path) as client:
            sidecar.hold = 2
            with self.assertRaises(sluice.DeadlineExceeded):
                client.status("tx-1", timeout=0.1)
            # The sidecar answers tx-2, then tx-1; tx-3 must not take the latter.
            self.assertEqual(client.status("tx-2")["echo"], {"transaction_id": "tx-2"})
            self.assertEqual(client.status("tx-3")["echo"], {"transaction_id": "tx-3"})
            self.assertEqual(sidecar.connections, 1)

    def test_the_sidecars_deadline_exceeded_means_that_nothing_was_done(self):
        with FakeSidecar(error("deadline_exceeded", -32012)) as sidecar, Client(sidecar.path) as client:
            with self.assertRaises(sluice.DeadlineExceeded):
                client.buffer(CREATE)

    def test_but_not_when_an_earlier_attempt_was_lost(self):
        faults = ("execute_and_cut", error("deadline_exceeded", -32012))
        with FakeSidecar(*faults) as sidecar, Client(sidecar.path) as client:
            with self.assertRaises(sluice.OutcomeUnknown):
                client.buffer(CREATE)

    def test_without_a_sidecar_the_client_tries_until_the_deadline(self):
        with Client("/nonexistent/s.sock") as client, self.assertRaises(sluice.ConnectionLost):
            client.buffer(CREATE, timeout=0.1)


    def test_closing_ends_a_call_on_another_thread(self):
        with FakeSidecar("silence") as sidecar, Client(sidecar.path) as client:
            timer = threading.Timer(0.1, client.close)
            timer.start()
            with self.assertRaises(sluice.OutcomeUnknown):
                client.buffer(CREATE, timeout=20)
            timer.join()
            with self.assertRaises(sluice.ConnectionLost):
                client.status("tx-1")


class Backoff(unittest.TestCase):
    def delays(self, count, jitter, **failure):
        attempts = sluice.Attempts("transaction.buffer", {}, None, lambda: jitter)
        return [attempts.delay_after(sluice.Busy("", **failure), 0.0) for _ in range(count)]

    def test_it_doubles_up_to_the_limit(self):
        self.assertEqual(self.delays(8, 1.0), [0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.0])

    def test_it_is_spread_over_the_whole_range(self):
        self.assertEqual(self.delays(3, 0.0), [0.0, 0.0, 0.0])

    def test_retry_after_is_the_least(self):
        self.assertEqual(self.delays(2, 0.5, retry_after_ms=1000), [1.01, 1.02])

    def test_near_the_deadline_there_is_time_for_one_attempt_more(self):
        attempts = sluice.Attempts("transaction.buffer", {}, 1.0, lambda: 1.0)
        attempts.count = 10
        self.assertEqual(attempts.delay_after(sluice.ConnectionLost(""), 0.0), 0.5)


class Errors(unittest.TestCase):
    def test_each_kind_is_a_class_of_its_own(self):
        for kind, cls in sorted(sluice.SluiceError._classes.items()):
            if cls.code is None or kind in ("busy", "buffer_full", "store_unavailable", "outcome_unknown"):
                continue
            with self.subTest(kind), FakeSidecar(error(kind, cls.code)) as sidecar, Client(sidecar.path) as client:
                with self.assertRaises(cls) as caught:
                    client.status("tx-1")
                self.assertEqual((caught.exception.kind, caught.exception.code), (kind, cls.code))
                self.assertEqual(len(sidecar.requests), 1)

    def test_a_kind_of_the_future_is_a_plain_error(self):
        with FakeSidecar(error("moon_phase", -32099, path="p", detail="d")) as sidecar, Client(sidecar.path) as client:
            with self.assertRaises(sluice.SluiceError) as caught:
                client.status("tx-1")
            failure = caught.exception
            self.assertEqual((type(failure), failure.kind), (sluice.SluiceError, "moon_phase"))
            self.assertEqual((failure.code, failure.path, failure.detail), (-32099, "p", "d"))

    def test_full_and_busy_are_waited_out(self):
        faults = [error(kind, code, retryable=True, retry_after_ms=20)
                  for kind, code in (("buffer_full", -32000), ("busy", -32001), ("store_unavailable", -32002))]
        with FakeSidecar(*faults) as sidecar, Client(sidecar.path) as client:
            self.assertFalse(client.buffer(CREATE)["duplicate"])
            self.assertEqual((len(sidecar.requests), sidecar.connections), (4, 1))

    def test_but_not_beyond_the_deadline(self):
        full = error("buffer_full", -32000, retryable=True, retry_after_ms=60_000)
        with FakeSidecar(full) as sidecar, Client(sidecar.path) as client:
            with self.assertRaises(sluice.BufferFull) as caught:
                client.buffer(CREATE)
            self.assertEqual((caught.exception.retry_after_ms, len(sidecar.requests)), (60_000, 1))

    def test_an_unknown_outcome_is_repeated_with_the_same_id(self):
        with FakeSidecar(error("outcome_unknown", -32003)) as sidecar, Client(sidecar.path) as client:
            client.buffer(CREATE)
            self.assertEqual((len(sidecar.requests), list(sidecar.accepted)), (2, ["tx-1"]))

    def test_an_error_without_id_ends_the_request_and_the_connection(self):
        with FakeSidecar("farewell") as sidecar, Client(sidecar.path) as client:
            with self.assertRaises(sluice.FrameError):
                client.buffer(CREATE)
            client.status("tx-1")
            self.assertEqual(sidecar.connections, 2)

    def test_bytes_that_are_no_frame_are_a_protocol_violation(self):
        with FakeSidecar("garbage") as sidecar, Client(sidecar.path) as client:
            with self.assertRaises(sluice.ProtocolViolation):
                client.status("tx-1")

    def test_a_request_beyond_the_limit_is_refused_before_it_is_sent(self):
        with FakeSidecar() as sidecar, Client(sidecar.path, frame_bytes_max=300) as client:
            with self.assertRaises(sluice.FrameError):
                client.status("x" * 300)
            self.assertEqual(sidecar.requests, [])

    def test_a_reply_may_come_byte_by_byte(self):
        with FakeSidecar("dribble") as sidecar, Client(sidecar.path) as client:
            self.assertEqual(client.status("tx-1")["echo"], {"transaction_id": "tx-1"})


class Values(unittest.TestCase):
    def test_what_is_written(self):
        noon = datetime.datetime(2026, 11, 21, 12, 0, tzinfo=datetime.timezone(datetime.timedelta(hours=-3)))
        for value, text in (
            (2**63 - 1, "9223372036854775807"), (Decimal("1.10"), "1.10"), (Decimal("1E+3"), "1E+3"), (0.1, "0.1"),
            (b"\x00\xff", '{"$bytes":"AP8="}'), (noon, '"2026-11-21T15:00:00.000000Z"'), ("é\n", '"é\\n"'),
            (sluice.Ref("a.id"), '{"$ref":"a.id"}'), (sluice.Literal({"$x": 1}), '{"$literal":{"$x":1}}'),
            ([None, True, {"a": []}], '[null,true,{"a":[]}]'),
        ):
            with self.subTest(text):
                self.assertEqual(sluice.dumps(value), text)

    def test_what_json_cannot_say_is_refused(self):
        for value, refusal in ((float("nan"), ValueError), (Decimal("Infinity"), ValueError), ({1: 2}, TypeError),
                               (object(), TypeError)):
            with self.subTest(repr(value)), self.assertRaises(refusal):
                sluice.dumps(value)

    def test_numbers_keep_every_digit_both_ways(self):
        for text in ("9223372036854775807", "0.10000000000000000000000001", "-1.50", "123456789012345678901234567890"):
            self.assertEqual(sluice.dumps(sluice.loads(text)), text)

    def test_columns_are_unpacked_and_documents_left_alone(self):
        for sent, seen in (
            ({"$bytes": "AP8="}, b"\x00\xff"), ({"$literal": {"$bytes": "AP8="}}, {"$bytes": "AP8="}),
            ({"a": {"$bytes": "AP8="}}, {"a": {"$bytes": "AP8="}}), ("x", "x"), (None, None),
        ):
            self.assertEqual(sluice.decode_column(sent), seen)

    def test_generated_ids_are_uuids_of_version_7_in_the_order_of_time(self):
        ids = [sluice.uuid7() for _ in range(100)]
        self.assertEqual(len(set(ids)), 100)
        self.assertEqual([id[:13] for id in ids], sorted(id[:13] for id in ids))
        self.assertTrue(all(id[14] == "7" and id[19] in "89ab" for id in ids))


class Building(unittest.TestCase):
    def test_steps_and_references(self):
        tx = TransactionBuilder(None, "tx-1", ordering_key="t1", endpoint=None)
        unit = tx.query("obs_unit", {"name": "M 83"}, step_="unit")
        obs = tx.create("executed_obs_unit", obs_unit_id=unit["id"], status="running", step_="obs")
        files = tx.bulk_create("raw_data_file", [{"name": "a", "package_id": obs}, {"name": "b"}])
        tx.update("telescope", "t1", {"class": 1}, state="busy", after_=[files])
        tx.increment("telescope", "t1", observations=1)
        tx.upsert("obs_unit", id="u9", conflict_=["name"], file=files.row(1))
        tx.bulk_update("raw_data_file", [(files.row(0), {"size_bytes": 2})])
        tx.delete("obs_unit", {"a": 1, "b": 2})
        self.assertEqual(sluice.loads(sluice.dumps(tx.to_dict())), {
            "transaction_id": "tx-1", "ordering_key": "t1", "steps": [
                {"step_id": "unit", "operation": "query", "model": "obs_unit", "where": {"name": "M 83"}},
                {"step_id": "obs", "operation": "create", "model": "executed_obs_unit",
                 "data": {"obs_unit_id": {"$ref": "unit.id"}, "status": "running"}},
                {"step_id": "s3", "operation": "bulk_create", "model": "raw_data_file",
                 "rows": [{"name": "a", "package_id": {"$ref": "obs.id"}}, {"name": "b"}]},
                {"step_id": "s4", "operation": "update", "model": "telescope", "id": "t1",
                 "data": {"class": 1, "state": "busy"}, "depends_on": ["s3"]},
                {"step_id": "s5", "operation": "increment", "model": "telescope", "id": "t1",
                 "data": {"observations": 1}},
                {"step_id": "s6", "operation": "upsert", "model": "obs_unit",
                 "data": {"id": "u9", "file": {"$ref": "s3[1].id"}}, "conflict": ["name"]},
                {"step_id": "s7", "operation": "bulk_update", "model": "raw_data_file",
                 "rows": [{"id": {"$ref": "s3[0].id"}, "data": {"size_bytes": 2}}]},
                {"step_id": "s8", "operation": "delete", "model": "obs_unit", "id": {"a": 1, "b": 2}}]})

    def test_a_transaction_that_is_sent_twice_is_accepted_once(self):
        with FakeSidecar() as sidecar, Client(sidecar.path) as client:
            tx = client.transaction()
            tx.create("m")
            self.assertEqual([tx.send()["duplicate"], tx.send()["duplicate"]], [False, True])

    def test_the_same_id_with_other_content_is_a_conflict(self):
        with FakeSidecar() as sidecar, Client(sidecar.path) as client:
            client.buffer(CREATE)
            with self.assertRaises(sluice.TransactionConflict):
                client.buffer({**CREATE, "steps": []})

    def test_dead_letters_are_chosen_in_exactly_one_way(self):
        with FakeSidecar() as sidecar, Client(sidecar.path) as client:
            for wrong in ({}, {"transaction_ids": ["a"], "all": True}, {"filter": {}, "all": True}):
                with self.assertRaises(ValueError):
                    client.dead_letter_discard(**wrong)
            client.dead_letter_retry("tx-1", changes=[{"step_id": "a", "data": {"x": 1}}])
            client.dead_letter_discard([])
            self.assertEqual(sidecar.requests[0]["params"]["transaction_ids"], ["tx-1"])
            self.assertEqual(sidecar.requests[1]["params"]["transaction_ids"], [])


class Subscribing(unittest.TestCase):
    EVENTS = [{"subscription_id": "sub-1", "transaction_id": "tx-1", "status": s, "at": "-"} for s in ("a", "b")]

    def test_events_come_in_order_on_a_connection_of_their_own(self):
        with FakeSidecar() as sidecar, Client(sidecar.path) as client:
            sidecar.events = self.EVENTS
            client.status("tx-1")
            with client.subscribe(["tx-1"], timeout=5) as events:
                self.assertEqual([next(events), next(events)], self.EVENTS)
                self.assertEqual(sidecar.connections, 2)
            self.assertEqual(sidecar.methods()[-1], "transaction.unsubscribe")
            self.assertEqual(list(events), [])

    def test_a_silent_subscription_ends_the_wait_and_stays_usable(self):
        with FakeSidecar() as sidecar, Client(sidecar.path) as client:
            with client.subscribe(timeout=0.05) as events, self.assertRaises(sluice.DeadlineExceeded):
                next(events)

    def test_a_closed_connection_is_said(self):
        with FakeSidecar() as sidecar, Client(sidecar.path) as client:
            events = client.subscribe(timeout=5)
            sidecar.stop()
            sidecar.start_again()
            for _ in range(2):
                with self.assertRaises(sluice.ConnectionLost):
                    next(events)
            events.close()


if __name__ == "__main__":
    unittest.main()
