# SPDX-License-Identifier: MIT
"""The asyncio client against a sidecar that fails on demand."""
import asyncio
import contextlib
import unittest

from fake_sidecar import FakeSidecar, error

import sluice
from sluice import AsyncClient
from test_client import Child

CREATE = {"transaction_id": "tx-1", "steps": []}
CUTS = ("cut", "execute_and_cut", "half_reply", "half_header")


class Pipelining(unittest.IsolatedAsyncioTestCase):
    async def test_replies_find_their_requests_in_any_order(self):
        with FakeSidecar() as sidecar:
            sidecar.hold = 50
            async with AsyncClient(sidecar.path) as client:
                results = await asyncio.gather(*(client.status(f"tx-{n}") for n in range(50)))
            self.assertEqual([result["echo"]["transaction_id"] for result in results], [f"tx-{n}" for n in range(50)])
            self.assertEqual(sidecar.connections, 1)

    async def test_requests_leave_in_the_order_of_the_calls(self):
        with FakeSidecar() as sidecar:
            async with AsyncClient(sidecar.path) as client:
                await client.server_health()
                await asyncio.gather(*(client.buffer({"transaction_id": f"tx-{n}", "steps": []}) for n in range(50)))
            self.assertEqual(list(sidecar.accepted), [f"tx-{n}" for n in range(50)])

    async def test_all_in_flight_survive_a_cut_and_each_is_accepted_once(self):
        for cut in CUTS:
            with self.subTest(cut), FakeSidecar(*["ok"] * 10, cut) as sidecar:
                async with AsyncClient(sidecar.path) as client:
                    calls = (client.buffer({"transaction_id": f"tx-{n}", "steps": []}) for n in range(30))
                    receipts = await asyncio.gather(*calls)
                self.assertEqual({receipt["transaction_id"] for receipt in receipts}, set(sidecar.accepted))
                self.assertEqual((len(sidecar.accepted), sidecar.connections), (30, 2))

    async def test_one_error_is_one_requests_error(self):
        with FakeSidecar("ok", error("not_found", -32005), "ok") as sidecar:
            async with AsyncClient(sidecar.path) as client:
                results = await asyncio.gather(*(client.status(str(n)) for n in range(3)), return_exceptions=True)
            self.assertEqual([isinstance(result, sluice.NotFound) for result in results], [False, True, False])

    async def test_a_cancelled_call_leaves_the_connection_to_the_others(self):
        with FakeSidecar("ok", "silence") as sidecar:
            async with AsyncClient(sidecar.path) as client:
                await client.server_health()
                silent = asyncio.ensure_future(client.status("tx-1"))
                await asyncio.sleep(0)
                await client.status("tx-2")
                silent.cancel()
                with self.assertRaises(asyncio.CancelledError):
                    await silent
                await client.status("tx-3")
            self.assertEqual(sidecar.connections, 1)


class WhenACallIsCancelled(unittest.IsolatedAsyncioTestCase):
    async def cancel(self, awaitable, sidecar, count):
        """Once so many requests have arrived."""
        task = asyncio.ensure_future(awaitable)
        while len(sidecar.requests) < count:
            await asyncio.sleep(0.001)
        task.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await task

    async def assert_accepts(self, client, sidecar, connections):
        self.assertEqual((await client.buffer(CREATE))["status"], "pending")
        self.assertEqual((list(sidecar.accepted), sidecar.connections), (["tx-1"], connections))

    async def test_a_begin_leaves_no_scope_behind(self):
        with FakeSidecar("silence") as sidecar:
            async with AsyncClient(sidecar.path) as client:
                await self.cancel(client.keyspace_begin(), sidecar, 1)
                await self.assert_accepts(client, sidecar, connections=2)

    async def test_a_scope_leaves_nothing_behind_wherever_it_is_cancelled(self):
        async def play(client):
            async with client.keyspace_scope() as scope:
                await scope.command("SET", "a", 1)
                async with client.keyspace_scope():
                    await scope.command("SET", "b", 1)

        with FakeSidecar() as sidecar:
            async with AsyncClient(sidecar.path) as client:
                await client.server_health()
                for number in range(60):
                    task = asyncio.ensure_future(play(client))
                    for _ in range(number):
                        await asyncio.sleep(0)
                    task.cancel()
                    with contextlib.suppress(asyncio.CancelledError):
                        await task
                    receipt = await client.buffer({"transaction_id": f"tx-{number}", "steps": []})
                    self.assertEqual(receipt["status"], "pending", number)
                self.assertEqual(len(sidecar.accepted), 60)

    async def test_a_command_of_a_scope_discards_it(self):
        async def play(client):
            async with client.keyspace_scope() as scope:
                await scope.command("SET", "a", 1)

        for faults in (("ok", "silence"), ("ok", "ok", "silence")):
            with FakeSidecar(*faults) as sidecar:
                async with AsyncClient(sidecar.path) as client:
                    with self.assertRaises(asyncio.TimeoutError):
                        await asyncio.wait_for(play(client), 0.1)
                    await self.assert_accepts(client, sidecar, connections=2)

    async def test_the_scope_is_not_continued_where_it_is_caught(self):
        with FakeSidecar("ok", "silence") as sidecar:
            async with AsyncClient(sidecar.path) as client:
                with self.assertRaises(sluice.Aborted) as caught:
                    async with client.keyspace_scope() as scope:
                        await self.cancel(scope.command("SET", "a", 1), sidecar, 2)
                        for call in (scope.buffer, client.buffer):
                            with self.assertRaises(sluice.Aborted):
                                await call(CREATE)
                self.assertIn("interrupted", str(caught.exception))
                await self.assert_accepts(client, sidecar, connections=2)

    async def test_a_commit_may_have_run(self):
        async def play(client):
            async with client.keyspace_scope() as scope:
                futures.append(await scope.command("SET", "a", 1))

        futures = []
        with FakeSidecar("ok", "ok", "silence") as sidecar:
            async with AsyncClient(sidecar.path) as client:
                await self.cancel(play(client), sidecar, 3)
                with self.assertRaises(sluice.OutcomeUnknown):
                    futures[0].value
                await self.assert_accepts(client, sidecar, connections=2)

    async def test_a_frame_that_is_half_written_is_written_to_its_end(self):
        with FakeSidecar() as sidecar:
            async with AsyncClient(sidecar.path) as client:
                await client.server_health()
                sidecar.reading.clear()
                with self.assertRaises(asyncio.TimeoutError):
                    await asyncio.wait_for(client.buffer({"transaction_id": "big", "steps": ["x" * 3_000_000]}), 0.2)
                sidecar.reading.set()
                await client.buffer(CREATE, timeout=5)
                self.assertEqual((list(sidecar.accepted), sidecar.connections), (["big", "tx-1"], 1))

    async def test_keyspace_begin_is_told_by_the_next_call(self):
        with FakeSidecar("ok", "silence") as sidecar:
            async with AsyncClient(sidecar.path) as client:
                await client.keyspace_begin()
                await self.cancel(client.buffer(CREATE), sidecar, 2)
                with self.assertRaises(sluice.ConnectionLost):
                    await client.buffer(CREATE)
                await client.buffer(CREATE)

    async def test_the_others_of_the_connection_are_repeated(self):
        with FakeSidecar("ok", "silence", "silence") as sidecar:
            async with AsyncClient(sidecar.path) as client:
                await client.server_health()
                other = asyncio.ensure_future(client.buffer(CREATE))
                await asyncio.sleep(0)
                await self.cancel(client.keyspace_begin(), sidecar, 3)
                self.assertEqual((await other)["status"], "pending")

    async def test_what_cannot_be_written_breaks_nothing_off(self):
        with FakeSidecar() as sidecar:
            async with AsyncClient(sidecar.path) as client:
                async with client.keyspace_scope() as scope:
                    with self.assertRaises(TypeError):
                        await scope.command("SET", "a", object())
                await self.assert_accepts(client, sidecar, connections=1)


class Scopes(unittest.IsolatedAsyncioTestCase):
    async def test_a_commit_that_is_busy_is_discarded(self):
        busy = error("busy", -32001)
        for discard, connections in (("ok", 1), (busy, 2), ("silence", 2), ("cut", 2)):
            faults = ("ok", "ok", busy, discard)
            with self.subTest(discard), FakeSidecar(*faults) as sidecar:
                async with AsyncClient(sidecar.path, timeout=0.5) as client:
                    with self.assertRaises(sluice.Busy):
                        async with client.keyspace_scope() as scope:
                            future = await scope.command("SET", "a", 1)
                    with self.assertRaises(sluice.Aborted):
                        future.value
                    self.assertEqual((await client.buffer(CREATE))["status"], "pending")
                self.assertEqual((len(sidecar.accepted), sidecar.connections), (1, connections))

    async def test_a_receipt_that_says_queued_outside_a_scope_is_none(self):
        with FakeSidecar("queue") as sidecar:
            async with AsyncClient(sidecar.path) as client:
                with self.assertRaises(sluice.ProtocolViolation):
                    await client.buffer(CREATE)
                await client.buffer(CREATE)
                self.assertEqual(sidecar.connections, 2)

    async def test_one_that_follows_a_begin_at_once_is_inside(self):
        for timeout in (None, 5):
            with FakeSidecar() as sidecar:
                async with AsyncClient(sidecar.path) as client:
                    await client.server_health()
                    begin = asyncio.ensure_future(client.keyspace_begin())
                    receipt, _ = await asyncio.gather(client.buffer(CREATE, timeout=timeout), begin)
                    self.assertEqual(receipt["status"], "queued")
                    self.assertEqual((await client.keyspace_commit())["results"][0]["status"], "pending")

    async def test_an_exception_inside_an_inner_one_ends_the_outer_one(self):
        with FakeSidecar() as sidecar:
            async with AsyncClient(sidecar.path) as client:
                with self.assertRaises(sluice.Aborted) as caught:
                    async with client.keyspace_scope() as outer:
                        with self.assertRaises(ZeroDivisionError):
                            async with client.keyspace_scope():
                                raise ZeroDivisionError
                        for call in (
                            lambda: outer.command("SET", "b", 1), lambda: outer.get_object("k", 1),
                            lambda: outer.buffer(CREATE), lambda: client.buffer(CREATE), client.transaction().send,
                            client.keyspace_commit, client.keyspace_scope().__aenter__,
                        ):
                            with self.assertRaises(sluice.Aborted):
                                await call()
                self.assertIn("ZeroDivisionError", str(caught.exception))
                self.assertEqual(sidecar.methods(), ["keyspace.begin", "keyspace.begin", "keyspace.discard"])
                await client.buffer(CREATE)

    async def test_of_several_in_flight_none_runs_on_its_own_after_a_loss(self):
        with FakeSidecar("ok", "cut") as sidecar:
            async with AsyncClient(sidecar.path) as client:
                with self.assertRaises(sluice.Aborted):
                    async with client.keyspace_scope() as scope:
                        calls = (scope.buffer({"transaction_id": f"tx-{n}", "steps": []}) for n in range(5))
                        lost = await asyncio.gather(*calls, return_exceptions=True)
                self.assertEqual([type(failure) for failure in lost], [sluice.ConnectionLost] * 5)
                self.assertEqual(sidecar.accepted, {})

    async def test_tasks_that_share_a_client_share_the_scope(self):
        async def play(client, number):
            async with client.keyspace_scope() as scope:
                await asyncio.sleep(0.01 * (number % 3))
                return await scope.command("SET", number, 1)

        with FakeSidecar() as sidecar:
            async with AsyncClient(sidecar.path) as client:
                futures = await asyncio.gather(*(play(client, number) for number in range(6)))
                self.assertEqual([future.value["echo"]["command"][1] for future in futures], list(range(6)))
                self.assertEqual(client._depth(), 0)


class ForksAndDeadlines(unittest.IsolatedAsyncioTestCase):
    async def send(self, client, who):
        ids = [f"{who}-{n}" for n in range(100)]
        receipts = [await client.buffer({"transaction_id": id, "steps": []}, timeout=5) for id in ids]
        return "right" if [receipt["transaction_id"] for receipt in receipts] == ids else f"wrong: {receipts}"

    async def test_parent_and_child_get_their_own_receipts(self):
        for has_hook in (True, False):
            with self.subTest(has_hook=has_hook), FakeSidecar() as sidecar:
                async with AsyncClient(sidecar.path) as client:
                    await client.server_health()
                    if not has_hook:
                        sluice._inherited.clear()

                    async def play():
                        answer = await self.send(client, "child")
                        await client.close()
                        return answer

                    child = Child(lambda: asyncio.run(play()))
                    self.assertEqual(await self.send(client, "parent"), "right")
                    self.assertEqual(child.answer(), "right")
                    child = Child(lambda: asyncio.run(client.close()))
                    child.answer()
                    await client.server_health()
                self.assertEqual((len(sidecar.accepted), sidecar.connections), (200, 2))

    async def test_a_call_behind_one_that_connects_keeps_its_own_deadline(self):
        with FakeSidecar("silence") as sidecar:
            async with AsyncClient(sidecar.path, session={}) as client:
                first = asyncio.ensure_future(client.status("a", timeout=10))
                while not sidecar.requests:
                    await asyncio.sleep(0.001)
                with self.assertRaises(sluice.DeadlineExceeded):
                    await client.status("b", timeout=0.1)
                self.assertFalse(first.done())
                first.cancel()
                await client.status("c")

    async def test_a_wait_without_limit_is_sent_in_pieces(self):
        with FakeSidecar() as sidecar:
            async with AsyncClient(sidecar.path) as client:
                sidecar.results = {"transaction.wait": [{"timed_out": True}] * 2 + [{"status": "committed"}]}
                self.assertEqual(await client.wait("tx-1", timeout=None), {"status": "committed"})
                self.assertEqual([r["params"]["timeout_ms"] for r in sidecar.requests], [3_600_000] * 3)
                sidecar.results = {"processor.drain": [{"drained": True}]}
                self.assertEqual(await client.processor_drain(timeout=None), {"drained": True})


class Failing(unittest.IsolatedAsyncioTestCase):
    async def test_a_write_without_reply_is_outcome_unknown_and_a_read_is_late(self):
        with FakeSidecar("silence", "silence") as sidecar:
            async with AsyncClient(sidecar.path) as client:
                with self.assertRaises(sluice.OutcomeUnknown) as caught:
                    await client.buffer(CREATE, timeout=0.1)
                self.assertEqual(caught.exception.transaction_id, "tx-1")
                with self.assertRaises(sluice.DeadlineExceeded):
                    await client.status("tx-1", timeout=0.1)

    async def test_the_sidecars_deadline_exceeded_means_that_nothing_was_done(self):
        with FakeSidecar(error("deadline_exceeded", -32012)) as sidecar:
            async with AsyncClient(sidecar.path) as client:
                with self.assertRaises(sluice.DeadlineExceeded):
                    await client.buffer(CREATE)

    async def test_full_and_busy_are_waited_out(self):
        faults = [error("busy", -32001, retry_after_ms=10), error("buffer_full", -32000, retry_after_ms=10)]
        with FakeSidecar(*faults) as sidecar:
            async with AsyncClient(sidecar.path) as client:
                await client.buffer(CREATE)
            self.assertEqual(len(sidecar.requests), 3)

    async def test_what_may_not_be_repeated_is_outcome_unknown(self):
        with FakeSidecar("execute_and_cut") as sidecar:
            async with AsyncClient(sidecar.path) as client:
                with self.assertRaises(sluice.OutcomeUnknown):
                    await client.keyspace_command("INCR", "k")
            self.assertEqual(len(sidecar.requests), 1)

    async def test_a_scope_that_was_lost_between_two_calls_is_said(self):
        for is_noticed in (False, True):
            with self.subTest(is_noticed=is_noticed), FakeSidecar() as sidecar:
                async with AsyncClient(sidecar.path) as client:
                    await client.keyspace_begin()
                    sidecar.stop()
                    sidecar.start_again()
                    while is_noticed and client._connection.failure is None:
                        await asyncio.sleep(0.001)
                    with self.assertRaises(sluice.ConnectionLost):
                        await client.buffer(CREATE)
                    await client.buffer(CREATE)
                self.assertEqual(sidecar.methods(), ["keyspace.begin", "transaction.buffer"])

    async def test_bytes_that_are_no_frame_are_a_protocol_violation(self):
        with FakeSidecar("garbage") as sidecar:
            async with AsyncClient(sidecar.path) as client:
                with self.assertRaises(sluice.ProtocolViolation):
                    await client.status("tx-1")

    async def test_an_error_without_id_is_the_only_requests_error(self):
        with FakeSidecar("farewell") as sidecar:
            async with AsyncClient(sidecar.path) as client:
                with self.assertRaises(sluice.FrameError):
                    await client.buffer(CREATE)

    async def test_without_a_sidecar_the_client_tries_until_the_deadline(self):
        async with AsyncClient("/nonexistent/s.sock") as client:
            with self.assertRaises(sluice.ConnectionLost):
                await client.buffer(CREATE, timeout=0.1)


    async def test_closing_ends_the_calls_in_flight(self):
        with FakeSidecar("silence", "silence") as sidecar:
            async with AsyncClient(sidecar.path) as client:
                read = asyncio.ensure_future(client.status("tx-1"))
                write = asyncio.ensure_future(client.buffer(CREATE))
                while len(sidecar.requests) < 2:
                    await asyncio.sleep(0.001)
            with self.assertRaises(sluice.ConnectionLost):
                await read
            with self.assertRaises(sluice.OutcomeUnknown):
                await write


class SessionsAndEvents(unittest.IsolatedAsyncioTestCase):
    async def test_the_session_is_opened_before_anything_else(self):
        with FakeSidecar() as sidecar:
            async with AsyncClient(sidecar.path, session={}) as client:
                await asyncio.gather(client.status("a"), client.status("b"))
            self.assertEqual(sidecar.methods()[0], "session.open")
            self.assertEqual(sidecar.methods().count("session.open"), 1)

    async def test_events_come_in_order(self):
        with FakeSidecar() as sidecar:
            sidecar.events = [{"subscription_id": "sub-1", "status": status} for status in ("a", "b")]
            async with AsyncClient(sidecar.path) as client:
                async with client.subscribe(statuses=["a", "b"], timeout=5) as events:
                    self.assertEqual([await events.__anext__() for _ in range(2)], sidecar.events)
                self.assertEqual([event async for event in events], [])
            self.assertEqual(sidecar.methods()[-1], "transaction.unsubscribe")

    async def test_events_that_arrived_are_read_before_the_loss_is_said(self):
        with FakeSidecar() as sidecar:
            sidecar.events = [{"status": "a"}] * 3
            async with AsyncClient(sidecar.path) as client:
                async with client.subscribe(timeout=5) as events:
                    seen = [await events.__anext__()]
                    sidecar.stop()
                    with self.assertRaises(sluice.ConnectionLost):
                        async for event in events:
                            seen.append(event)
                    self.assertEqual(len(seen), 3)
                    with self.assertRaises(sluice.ConnectionLost):
                        await events.__anext__()
                sidecar.start_again()


if __name__ == "__main__":
    unittest.main()
