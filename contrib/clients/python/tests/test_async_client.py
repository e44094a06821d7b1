# SPDX-License-Identifier: MIT
"""The asyncio client against a sidecar that fails on demand."""
import asyncio
import unittest

from fake_sidecar import FakeSidecar, error

import sluice
from sluice import AsyncClient

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
