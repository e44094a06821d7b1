# SPDX-License-Identifier: MIT
"""The client against a real sidecar and its database, kill -9 included."""
import asyncio
import contextlib
import unittest

from sidecar import SKIPPED, Lock, Sidecar, until

import sluice
from sluice import AsyncClient
from test_client import Alarm, alarm

IN_DATABASE = ("committed", "replicated")


class DaemonCase(unittest.TestCase):
    def setUp(self):
        self.sidecar = Sidecar()
        self.addCleanup(self.sidecar.close)
        self.client = self.sidecar.client()
        self.addCleanup(self.client.close)

    def observation(self, **members):
        tx = self.client.transaction(**members)
        obs = tx.create("executed_obs_unit", obs_unit_id="u1", telescope_id="t1", step_="obs")
        tx.create("raw_data_package", obs_id=obs, name="night-1", step_="pkg")
        tx.update("telescope", "t1", state="busy")
        return tx

    def file(self, package: str, name: str) -> dict:
        return {"step_id": "f", "operation": "create", "model": "raw_data_file",
                "data": {"package_id": package, "name": name, "size_bytes": 1}}

    def assert_committed(self, transaction_id: str) -> dict:
        status = self.client.wait(transaction_id, "committed", timeout=20)
        self.assertIn(status["status"], IN_DATABASE, status.get("last_error"))
        return status


@unittest.skipIf(SKIPPED, SKIPPED)
class Writing(DaemonCase):
    def test_what_is_buffered_is_read_at_once_and_committed_once(self):
        with Lock(self.sidecar.database):
            receipt = self.observation().send()
            obs = receipt["generated_ids"]["obs"]
            seen = self.client.get("executed_obs_unit", obs)
            self.assertEqual((seen["record"]["status"], seen["pending"]), ("running", [receipt["transaction_id"]]))
            found = self.client.query("raw_data_package", {"obs_id": obs}, count=True)
            self.assertEqual((found["count"], found["records"][0]["name"]), (1, "night-1"))
            self.assertEqual(self.sidecar.sql("SELECT count(*) FROM executed_obs_unit"), [(0,)])
        self.assert_committed(receipt["transaction_id"])
        self.assertEqual(self.sidecar.sql("SELECT count(*) FROM executed_obs_unit WHERE id = ?", obs), [(1,)])
        self.assertEqual(self.sidecar.sql("SELECT state FROM telescope WHERE id = 't1'"), [("busy",)])

    def test_the_same_id_with_the_same_content_answers_the_first_receipt(self):
        tx = self.observation()
        first, second = tx.send(), tx.send()
        self.assert_committed(tx.transaction_id)
        third = tx.send()
        self.assertEqual([r["duplicate"] for r in (first, second, third)], [False, True, True])
        self.assertEqual(first["generated_ids"], second["generated_ids"])
        self.assertEqual(first["generated_ids"], third["generated_ids"])
        self.assertEqual(self.sidecar.sql("SELECT count(*) FROM executed_obs_unit"), [(1,)])

    def test_the_same_id_with_other_content_is_a_conflict(self):
        self.client.update("telescope", "t1", {"state": "busy"}, transaction_id="same")
        with self.assertRaises(sluice.TransactionConflict):
            self.client.update("telescope", "t1", {"state": "idle"}, transaction_id="same")

    def test_a_mistake_is_refused_with_its_path(self):
        tx = self.client.transaction()
        tx.create("executed_obs_unit", obs_unit_id="u1", telescope_id="t1")
        tx.update("telescope", "t1", stat="busy")
        with self.assertRaises(sluice.ValidationFailed) as caught:
            tx.send()
        self.assertEqual(caught.exception.path, "steps[1].data.stat")
        self.assertEqual(caught.exception.transaction_id, tx.transaction_id)

    def test_values_come_back_as_they_went(self):
        ids = self.observation().send()["generated_ids"]
        receipt = self.client.buffer({"steps": [{
            "step_id": "f", "operation": "create", "model": "raw_data_file",
            "data": {"package_id": ids["pkg"], "name": "é", "size_bytes": 2**63 - 1, "checksum": b"\x00\xff"}}]})
        file = receipt["generated_ids"]["f"]
        for _ in range(2):
            record = self.client.get("raw_data_file", file)["record"]
            self.assertEqual((record["name"], record["size_bytes"], record["checksum"]), ("é", 2**63 - 1, b"\x00\xff"))
            self.assert_committed(receipt["transaction_id"])

    def test_a_pending_transaction_can_be_cancelled_and_a_committed_one_not(self):
        self.client.processor_pause()
        receipt = self.client.update("telescope", "t1", {"state": "maintenance"})
        self.assertEqual(self.client.cancel(receipt["transaction_id"])["status"], "cancelled")
        self.client.processor_resume()
        self.assertEqual(self.client.get("telescope", "t1")["record"]["state"], "idle")
        receipt = self.client.update("telescope", "t1", {"state": "busy"})
        self.assert_committed(receipt["transaction_id"])
        with self.assertRaises(sluice.NotCancellable):
            self.client.cancel(receipt["transaction_id"])

    def test_waits_of_any_length(self):
        receipt = self.client.update("telescope", "t1", {"state": "busy"})
        for timeout in (None, 4000, 90_000):
            self.assertIn(self.client.wait(receipt["transaction_id"], timeout=timeout)["status"], IN_DATABASE)
            self.assertTrue(self.client.processor_drain(timeout=timeout)["drained"])

    def test_the_counters_add_up(self):
        for state in ("busy", "idle"):
            self.client.update("telescope", "t1", {"state": state})
        self.assertEqual(self.client.processor_drain(timeout=20), {"drained": True, "remaining": 0})
        counters = self.client.server_stats()["counters"]
        self.assertEqual((counters["accepted"], counters["committed"], counters["conserved"]), (2, 2, True))


@unittest.skipIf(SKIPPED, SKIPPED)
class DeadLetters(DaemonCase):
    def test_a_duplicate_name_is_mended_and_retried(self):
        package = self.observation().send()["generated_ids"]["pkg"]
        self.client.buffer({"transaction_id": "first", "steps": [self.file(package, "a")]})
        self.client.buffer({"transaction_id": "second", "steps": [self.file(package, "a")]})
        status = self.client.wait("second", timeout=20)
        self.assertEqual(status["status"], "dead_letter")
        self.assertTrue(status["last_error"]["code"])
        dead = self.client.dead_letter_list()["transactions"]
        self.assertEqual([record["transaction_id"] for record in dead], ["second"])
        self.assertEqual(self.client.dead_letter_get("second")["record"]["status"], "dead_letter")
        retried = self.client.dead_letter_retry("second", changes=[{"step_id": "f", "data": {"name": "b"}}])
        self.assertEqual(retried, {"retried": ["second"], "failed": []})
        self.assert_committed("second")
        self.assertEqual(self.sidecar.sql("SELECT name FROM raw_data_file ORDER BY name"), [("a",), ("b",)])

    def test_one_that_is_discarded_is_gone(self):
        self.client.update("telescope", "t1", {"state": "on fire"}, transaction_id="check")
        self.assertEqual(self.client.wait("check", timeout=20)["status"], "dead_letter")
        self.assertEqual(self.client.dead_letter_discard("check"), {"discarded": ["check"]})
        self.assertEqual(self.client.get("telescope", "t1")["record"]["state"], "idle")
        self.assertEqual(self.client.dead_letter_list()["transactions"], [])


@unittest.skipIf(SKIPPED, SKIPPED)
class Events(DaemonCase):
    def test_a_subscriber_hears_of_the_commit(self):
        with self.client.subscribe(["heard"], timeout=20) as events:
            self.client.update("telescope", "t1", {"state": "busy"}, transaction_id="heard")
            for event in events:
                self.assertEqual(event["transaction_id"], "heard")
                if event["status"] in IN_DATABASE:
                    break

    def test_keyspace_commands_and_transactions(self):
        self.assertEqual(self.client.keyspace_command("SET", "app:b", b"\xff"), "OK")
        self.assertEqual(self.client.keyspace_command("GET", "app:b"), b"\xff")
        result = self.client.keyspace_transaction([["SET", "app:n", 1], ["INCR", "app:n"]])
        self.assertEqual((result["successful"], result["results"]), (True, ["OK", 2]))
        with self.assertRaises(sluice.KeyspaceError) as caught:
            self.client.keyspace_command("LPUSH", "app:n", "x")
        self.assertEqual(caught.exception.detail, "WRONGTYPE")


@unittest.skipIf(SKIPPED, SKIPPED)
class Crashes(DaemonCase):
    def test_after_kill_9_each_resent_transaction_is_applied_once(self):
        """Kills the sidecar while many are in flight; the client sends them again by itself."""
        async def run() -> list:
            async with AsyncClient(self.sidecar.path, timeout=60) as client:
                async def log(number: int) -> dict:
                    tx = client.transaction(f"crash-{number}")
                    tx.create("log_entry", telescope_id="t1", message=f"m{number}")
                    return await tx.send()
                calls = [asyncio.ensure_future(log(number)) for number in range(300)]
                await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
                await asyncio.get_running_loop().run_in_executor(None, self.restart)
                return await asyncio.gather(*calls)
        receipts = asyncio.run(run())
        self.assertEqual(len({receipt["transaction_id"] for receipt in receipts}), 300)
        for receipt in receipts:
            self.assert_committed(receipt["transaction_id"])
        rows = self.sidecar.sql("SELECT count(*), count(DISTINCT message) FROM log_entry")
        self.assertEqual(rows, [(300, 300)])

    def test_what_was_acknowledged_before_kill_9_is_applied_after_it(self):
        with Lock(self.sidecar.database):
            receipt = self.observation().send()
            self.sidecar.kill()
            self.sidecar.start()
            self.assertEqual(self.client.get("telescope", "t1")["record"]["state"], "busy")
            self.assertTrue(self.client.buffer(self.observation(
                transaction_id=receipt["transaction_id"]).to_dict())["duplicate"])
        self.assert_committed(receipt["transaction_id"])
        until(lambda: self.sidecar.sql("SELECT count(*) FROM executed_obs_unit") == [(1,)])

    def test_it_stops_cleanly(self):
        self.observation().send()
        self.assertEqual(self.sidecar.stop(), 0)

    def restart(self) -> None:
        self.sidecar.kill()
        self.sidecar.start()


@unittest.skipIf(SKIPPED, SKIPPED)
class Keyspace(DaemonCase):
    def test_a_scope_runs_as_one_and_its_futures_have_values_then(self):
        other = self.sidecar.client()
        self.addCleanup(other.close)
        tx = self.observation()
        self.client.object_create("customer", 1, {"email": "a@b"})
        with self.client.keyspace_scope() as scope:
            status = scope.command("SET", "scope:a", 1)
            with self.client.keyspace_scope() as inner:
                count = inner.command("INCR", "scope:a")
            receipt = scope.buffer(tx.to_dict())
            customer = scope.get_object("customer", 1)
            wrong = scope.command("HGET", "scope:a", "f")
            with self.assertRaises(sluice.OperationModeError):
                status.value
            self.assertIsNone(other.keyspace_command("GET", "scope:a"))
        self.assertEqual((status.value, count.value), ("OK", 2))
        self.assertEqual(receipt.value["status"], "pending")
        self.assertEqual(customer.value["fields"], {"email": "a@b"})
        with self.assertRaises(sluice.KeyspaceError) as caught:
            wrong.value
        self.assertEqual(caught.exception.detail, "WRONGTYPE")
        self.assertEqual((scope.result["successful"], inner.result), (False, scope.result))
        self.assertEqual(other.keyspace_command("GET", "scope:a"), "2")
        self.assert_committed(tx.transaction_id)

    def test_an_exception_discards_all_of_it(self):
        tx = self.observation()
        with self.assertRaises(ZeroDivisionError):
            with self.client.keyspace_scope() as scope:
                future = scope.command("SET", "scope:b", 1)
                with self.client.keyspace_scope() as inner:
                    inner.buffer(tx.to_dict())
                    raise ZeroDivisionError
        with self.assertRaises(sluice.Aborted):
            future.value
        self.assertIsNone(self.client.keyspace_command("GET", "scope:b"))
        with self.assertRaises(sluice.NotFound):
            self.client.status(tx.transaction_id)

    def test_an_exception_inside_that_is_caught_discards_all_of_it_too(self):
        tx = self.observation()
        with self.assertRaises(sluice.Aborted):
            with self.client.keyspace_scope() as outer:
                outer.command("SET", "scope:f", 1)
                with self.assertRaises(ZeroDivisionError), self.client.keyspace_scope() as inner:
                    inner.command("SET", "scope:g", 1)
                    raise ZeroDivisionError
                with self.assertRaises(sluice.Aborted):
                    outer.command("SET", "scope:h", 1)
                with self.assertRaises(sluice.Aborted):
                    self.client.buffer(tx.to_dict())
        self.assertEqual(self.client.keyspace_command("MGET", "scope:f", "scope:g", "scope:h"), [None] * 3)
        tx.send()
        self.assert_committed(tx.transaction_id)

    def test_a_request_inside_that_can_not_be_sent_dooms_the_scope(self):
        long = "x" * (5 << 20)
        with self.assertRaises(sluice.Aborted):
            with self.client.keyspace_scope() as scope:
                scope.command("SET", "scope:x", 1)
                with self.assertRaises(sluice.FrameError):
                    scope.command("SET", "scope:y", long)

        async def play():
            async with AsyncClient(self.sidecar.path) as client:
                with self.assertRaises(sluice.Aborted):
                    async with client.keyspace_scope() as scope:
                        await scope.command("SET", "scope:x", 1)
                        with self.assertRaises(sluice.FrameError):
                            await scope.command("SET", "scope:y", long)
                self.assertIsNone(await client.keyspace_command("GET", "scope:x"))
        asyncio.run(play())
        self.assertEqual(self.client.keyspace_command("MGET", "scope:x", "scope:y"), [None, None])
        with self.client.keyspace_scope() as scope:
            scope.command("SET", "scope:x", 1)
        self.assertEqual(self.client.keyspace_command("GET", "scope:x"), "1")

    def test_a_begin_that_is_broken_off_leaves_no_scope_behind(self):
        self.client.server_health()
        for is_cut_inside_a_frame in (False, True):
            self.sidecar.pause()
            try:
                with alarm(seconds=0.2), self.assertRaises(Alarm):
                    if is_cut_inside_a_frame:
                        self.client.keyspace_command("SET", "scope:i", "x" * 3_000_000)
                    with self.client.keyspace_scope():
                        self.fail("the scope was never begun")
            finally:
                self.sidecar.resume()
            tx = self.observation()
            self.assertEqual(tx.send(timeout=10)["status"], "pending")
            self.assert_committed(tx.transaction_id)

    def test_a_scope_that_is_cancelled_leaves_nothing_behind(self):
        async def play():
            async def work():
                async with client.keyspace_scope() as scope:
                    await scope.command("SET", "scope:j", 1)
            async with AsyncClient(self.sidecar.path) as client:
                await client.server_health()
                for number in range(20):
                    task = asyncio.ensure_future(work())
                    for _ in range(number % 7):
                        await asyncio.sleep(0)
                    task.cancel()
                    with contextlib.suppress(asyncio.CancelledError):
                        await task
                    receipt = await client.update("telescope", "t1", {"state": "busy"}, f"cancel-{number}")
                    self.assertEqual(receipt["status"], "pending")
        asyncio.run(play())
        for number in range(20):
            self.assert_committed(f"cancel-{number}")

    def test_a_watched_key_that_changes_aborts(self):
        other = self.sidecar.client()
        self.addCleanup(other.close)
        self.client.keyspace_command("SET", "scope:w", "5")
        with self.client.keyspace_scope(watch=[{"key": "scope:w", "expect": "5"}]) as scope:
            future = scope.command("DECR", "scope:w")
            other.keyspace_command("SET", "scope:w", "9")
        self.assertTrue(scope.result["aborted"])
        with self.assertRaises(sluice.Aborted):
            future.value
        self.assertEqual(self.client.keyspace_command("GET", "scope:w"), "9")

    def test_what_fails_inside_makes_the_commit_fail(self):
        with self.assertRaises(sluice.KeyspaceError) as caught:
            with self.client.keyspace_scope() as scope:
                scope.command("SET", "scope:c", 1)
                with self.assertRaises(sluice.OperationModeError):
                    self.client.object_save("customer", 2, {"a": 1})
        self.assertEqual(caught.exception.detail, "EXECABORT")
        self.assertIsNone(self.client.keyspace_command("GET", "scope:c"))

    def test_a_session_chooses_its_handler(self):
        with self.sidecar.client(session={"handler": "default"}) as strict:
            with self.assertRaises(sluice.OperationModeError):
                with strict.keyspace_scope():
                    self.fail("the shared connection holds no transaction")
            self.assertEqual(strict.session_info["handler"], "default")
        with self.sidecar.client(session={"handler": "default", "transaction_mode": "permissive"}) as loose:
            with loose.keyspace_scope() as scope:
                self.assertEqual(scope.command("SET", "scope:d", 1).value, "OK")
            self.assertEqual(scope.result["results"], ["OK"])

    def test_objects(self):
        client = self.client
        first = client.object_create("user", "a", {"email": "x@y", "n": 1}, unique=["email"], transaction_id="once")
        again = client.object_create("user", "a", {"email": "x@y", "n": 1}, unique=["email"], transaction_id="once")
        self.assertEqual((first["outcome"], first["duplicate"], again["duplicate"]), ("created", False, True))
        with self.assertRaises(sluice.RecordExists) as caught:
            client.object_create("user", "b", {"email": "x@y"})
        self.assertEqual(caught.exception.path, "fields.email")
        self.assertEqual(client.object_save_if_not_exists("user", "a", {"n": 2})["outcome"], "existed")
        self.assertEqual(client.object_save("user", "a", {"email": "z@y", "n": None})["outcome"], "changed")
        self.assertEqual(client.object_get("user", "a")["fields"], {"email": "z@y"})
        self.assertEqual(client.object_create("user", "b", {"email": "x@y"})["outcome"], "created")
        self.assertEqual(client.object_delete("user", "a")["outcome"], "deleted")
        self.assertIsNone(client.object_get("user", "a")["fields"])

    def test_a_scope_of_an_async_client(self):
        async def play():
            async with AsyncClient(self.sidecar.path) as client:
                async with client.keyspace_scope() as scope:
                    futures = [await scope.command("INCR", "scope:e") for _ in range(3)]
                self.assertEqual([future.value for future in futures], [1, 2, 3])
                with self.assertRaises(ZeroDivisionError):
                    async with client.keyspace_scope() as scope:
                        await scope.command("INCR", "scope:e")
                        raise ZeroDivisionError
                self.assertEqual(await client.keyspace_command("GET", "scope:e"), "3")
        asyncio.run(play())


if __name__ == "__main__":
    unittest.main()
