# SPDX-License-Identifier: MIT
"""The vectors of proto-json: frames and JSON offline, all others against a real sidecar."""
import json
import socket
import unittest

from sidecar import ROOT, SKIPPED, VECTORS, Sidecar

import sluice


def load(name: str) -> dict:
    return sluice.loads((VECTORS / name).read_text())


class VectorCase(unittest.TestCase):
    def run_all(self, vectors: list, check) -> None:
        """Runs every vector; one that fails on purpose must fail."""
        self.assertTrue(vectors)
        for vector in vectors:
            with self.subTest(vector["description"]):
                if vector.get("fails_on_purpose"):
                    with self.assertRaises(AssertionError):
                        check(vector)
                else:
                    check(vector)


class Frames(VectorCase):
    def test_valid(self):
        self.run_all(load("frames.json")["valid"], self.check)

    def test_invalid(self):
        self.run_all(load("frames.json")["invalid"], self.check)

    def check(self, vector: dict) -> None:
        decoder = sluice.FrameDecoder(vector.get("frame_bytes_max", sluice.FRAME_BYTES_MAX))
        data, frames = bytes.fromhex(vector["bytes"]), []
        for count in vector.get("pieces", [len(data)]):
            frames += decoder.feed(data[:count])
            data = data[count:]
        self.assertEqual([frame.decode() for frame in frames], vector["frames"])
        self.assertEqual(getattr(decoder.failure, "detail", None), vector.get("detail"))
        self.assertEqual(decoder.is_inside_frame, vector.get("incomplete", False))

    def test_what_is_encoded_is_decoded(self):
        decoder = sluice.FrameDecoder()
        self.assertEqual(decoder.feed(sluice.encode_frame(b"{}") + sluice.encode_frame(b"1")), [b"{}", b"1"])


class Texts(VectorCase):
    def test_valid_texts_survive_reading_and_writing(self):
        def check(vector):
            self.assertEqual(sluice.dumps(sluice.loads(vector["text"])), vector.get("canonical", vector["text"]))
        self.run_all(load("json.json")["valid"], check)


@unittest.skipIf(SKIPPED, SKIPPED)
class AgainstASidecar(VectorCase):
    @classmethod
    def setUpClass(cls):
        cls.sidecar = Sidecar()
        cls.addClassCleanup(cls.sidecar.close)

    def test_valid_texts_are_read(self):
        def check(vector):
            request = '{"jsonrpc":"2.0","id":1,"method":"server.health","params":{"any":' + vector["text"] + "}}"
            # Two levels around it leave 126 of the 128.
            deep = vector["text"].startswith("[" * 127)
            reply = self.exchange((vector["text"] if deep else request).encode())
            self.assertEqual(kind(reply), "invalid_request" if deep else None)
        self.run_all(load("json.json")["valid"], check)

    def test_invalid_texts_are_parse_errors(self):
        def check(vector):
            text = bytes.fromhex(vector["bytes"]) if "bytes" in vector else vector["text"].encode()
            if text:
                self.assertEqual(kind(self.exchange(text)), "parse_error")
        self.run_all(load("json.json")["invalid"], check)

    def test_frames_that_are_none_are_answered_and_the_connection_closed(self):
        def check(vector):
            if "frame_bytes_max" in vector or vector["frames"]:
                return
            with self.connect() as connection:
                connection.sendall(bytes.fromhex(vector["bytes"]))
                connection.shutdown(socket.SHUT_WR)
                decoder, frames = sluice.FrameDecoder(), []
                while data := connection.recv(1 << 16):
                    frames += decoder.feed(data)
            replies = [json.loads(frame)["error"]["data"] for frame in frames]
            self.assertEqual([(r["kind"], r.get("detail")) for r in replies], [("frame_error", vector["detail"])])
        self.run_all(load("frames.json")["invalid"], check)

    def test_requests_that_are_fine(self):
        def check(vector):
            probe = '{"jsonrpc":"2.0","id":"probe","method":"server.health"}'
            if vector.get("silent"):
                self.assertEqual(self.exchange(vector["request"].encode(), probe.encode())["id"], "probe")
                return
            reply = self.exchange(vector["request"].encode())
            self.assertNotIn("error", reply)
            self.assertEqual(reply["id"], vector["id"])
        self.run_all(load("requests.json")["valid"], check)

    def test_requests_that_are_wrong(self):
        def check(vector):
            reply = self.exchange(vector["request"].encode())
            data = reply.get("error", {}).get("data", {})
            self.assertEqual((data.get("kind"), reply["id"]), (vector["error"], vector["id"]))
            for member in ("path", "detail"):
                if member in vector:
                    self.assertEqual(data.get(member), vector[member])
        self.run_all(load("requests.json")["invalid"], check)

    def test_transactions_that_are_fine_are_committed(self):
        def check(vector):
            # As it stands: the client would add an id.
            receipt = client.call("transaction.buffer", {"transaction": vector["transaction"]})
            counts = {step: len(ids) if isinstance(ids, list) else 1 for step, ids in receipt["generated_ids"].items()}
            self.assertEqual(counts, vector["generated"])
            for step, id in vector.get("generated_ids", {}).items():
                self.assertEqual(receipt["generated_ids"][step], id)
            status = client.wait(receipt["transaction_id"])
            self.assertIn(status["status"], ("committed", "replicated"), status.get("last_error"))
        with self.sidecar.client() as client:
            self.run_all(load("transactions.json")["valid"], check)

    def test_transactions_that_are_wrong_are_refused_with_the_path(self):
        def check(vector):
            accepted = client.server_stats()["counters"]["accepted"]
            try:
                client.call("transaction.buffer", {"transaction": vector["transaction"]})
                self.fail("it was accepted")
            except sluice.SluiceError as error:
                self.assertEqual((error.kind, error.path), (vector["error"], vector["path"]))
            self.assertEqual(client.server_stats()["counters"]["accepted"], accepted)
        with self.sidecar.client() as client:
            self.run_all(load("transactions.json")["invalid"], check)

    def test_conversations(self):
        def check(vector):
            with self.sidecar.client() as client:
                for step in vector["steps"]:
                    try:
                        self.compare(raw_call(client, step["method"], step["params"]), step)
                    except sluice.SluiceError as error:
                        self.assertEqual(error.kind, step.get("error"), step)
                        for member in ("path", "detail"):
                            if member in step:
                                self.assertEqual(getattr(error, member), step[member])
        self.run_all(load("sessions.json")["conversations"], check)

    def compare(self, result, step: dict) -> None:
        self.assertIn("result", step, f"{step['method']} was not refused")
        expected = step["result"]
        if isinstance(expected, dict) and expected and isinstance(result, dict):
            receipts = [{name: member for name, member in element.items() if name != "durability"}
                        if isinstance(element, dict) else element for element in result.get("results", [])]
            result = {**result, "results": receipts} if "results" in result else result
            result = {name: result.get(name) for name in expected}
        self.assertEqual(result, expected, step)

    def connect(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(10)
        connection.connect(self.sidecar.path)
        return connection

    def exchange(self, *payloads: bytes) -> dict:
        """Sends frames on a connection of their own; the first reply."""
        decoder, frames = sluice.FrameDecoder(), []
        with self.connect() as connection:
            for payload in payloads:
                connection.sendall(len(payload).to_bytes(4, "big") + payload)
            while not frames:
                data = connection.recv(1 << 16)
                self.assertTrue(data, "closed without an answer")
                frames += decoder.feed(data)
        return json.loads(frames[0])


def raw_call(client: sluice.Client, method: str, params: dict):
    """The result as it came, without what the client makes of it."""
    decoder, sluice._DECODERS = sluice._DECODERS, {}
    try:
        return client.call(method, params)
    finally:
        sluice._DECODERS = decoder


def kind(reply: dict):
    return reply.get("error", {}).get("data", {}).get("kind")


class Contract(unittest.TestCase):
    """The files of proto-json agree with each other and with this client."""

    PROTO = ROOT / "proto-json"

    def test_every_kind_of_error_has_its_class(self):
        table = json.loads((self.PROTO / "errors.json").read_text())["errors"]
        classes = {cls.kind: (cls.code, cls.retryable) for cls in sluice.SluiceError.__subclasses__() if cls.code}
        self.assertEqual(classes, {row["kind"]: (row["code"], row["retryable"]) for row in table})

    def test_openrpc_repeats_errors_and_schemas(self):
        components = json.loads((self.PROTO / "openrpc.json").read_text())["components"]
        table = json.loads((self.PROTO / "errors.json").read_text())["errors"]
        self.assertEqual({name: error["code"] for name, error in components["errors"].items()},
                         {row["kind"]: row["code"] for row in table})
        for path in (self.PROTO / "schemas").glob("*.json"):
            with self.subTest(path.name):
                self.assertEqual(components["schemas"][path.stem], inlined(json.loads(path.read_text()), path.stem))

    def test_every_reference_in_openrpc_leads_somewhere(self):
        document = json.loads((self.PROTO / "openrpc.json").read_text())
        for reference in references({**document, "components": {}}) + references(document["components"]["schemas"]):
            place = document
            for name in reference[2:].split("/"):
                self.assertIn(name, place, reference)
                place = place[name]

    def test_every_method_has_a_method_here(self):
        source = (ROOT / "contrib" / "clients" / "python" / "sluice.py").read_text()
        for method in json.loads((self.PROTO / "openrpc.json").read_text())["methods"]:
            self.assertIn(f'"{method["name"]}"', source)


def inlined(value, own: str):
    """A schema as it stands in openrpc.json: references point into the document."""
    if isinstance(value, dict):
        kept = {name: member for name, member in value.items() if name not in ("$schema", "$comment", "$id")}
        target = kept.get("$ref")
        if isinstance(target, str):
            name = own if target == "#" else target.rsplit(":", 1)[-1][:-len(".json")]
            return {**kept, "$ref": f"#/components/schemas/{name}"}
        return {name: inlined(member, own) for name, member in kept.items()}
    return [inlined(element, own) for element in value] if isinstance(value, list) else value


def references(value) -> list:
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [found for member in value.values() for found in references(member)]
    return [found for element in value for found in references(element)] if isinstance(value, list) else []


if __name__ == "__main__":
    unittest.main()
