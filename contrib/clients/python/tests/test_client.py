# SPDX-License-Identifier: MIT
"""The synchronous client against a sidecar that fails on demand."""
import datetime
import threading
import unittest
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


class Deadlines(unittest.TestCase):
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
