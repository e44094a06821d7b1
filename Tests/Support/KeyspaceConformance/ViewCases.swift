// SPDX-License-Identifier: MIT
import JSON
import Keyspace
import TransactionModel

extension KeyspaceConformance {
    static let viewCases = [
        Case("a record's views fold its changes in order") { site in
            let record = RecordKey(model: "m", encodedID: "1")
            let changes: [(operation: String, data: String, buffered: JSONValue?, isCreated: Bool)] = [
                ("update", "{\"n\":1}", ["n": 1], false),
                ("increment", "{\"n\":2,\"other\":5}", ["n": 3], false),
                ("delete", "", nil, false),
                ("create", "{\"a\":\"x\"}", ["a": "x"], true),
                ("upsert", "{\"b\":null}", ["a": "x", "b": .null], true),
            ]
            for (number, change) in changes.enumerated() {
                try await site.accept("t\(number)", Subject.step(change.operation, "m", "1", change.data))
                try expectEqual(try await site.json(site.keys.buffered(record)), change.buffered)
                try expectEqual(
                    try await site.json(site.keys.cachedIDs(record)), change.isCreated ? change.buffered : nil)
            }
            try expectEqual(try await site.command("LLEN", site.keys.recordPending(record)), .integer(5))
            try expectEqual(
                try await site.command("HGET", site.keys.readBuffer(record), "a"), .bulk(Array("\"x\"".utf8)))
            let updates = try await site.texts("LRANGE", site.keys.readBufferUpdates(record), -1, -1)
            let last = try JSONValue(parsing: updates.first ?? "null")
            try expectEqual(last["operation"], "upsert")
            try expectEqual(last["at"], .string(site.time(0).description))
        },
        Case("bulk steps show the row of each record") { site in
            try await site.accept(
                "a",
                "{\"step_id\":\"s\",\"operation\":\"bulk_create\",\"model\":\"m\",\"rows\":[{\"id\":\"1\",\"data\":{\"x\":1}},{\"id\":\"2\",\"data\":{\"x\":2}}]}"
            )
            let record = RecordKey(model: "m", encodedID: "2")
            try expectEqual(try await site.json(site.keys.buffered(record)), ["x": 2])
            let pending = try await site.texts("LRANGE", site.keys.recordPending(record), 0, -1)
            try expectEqual(try JSONValue(parsing: pending.first ?? "null")["row"], 1)
        },
        Case("the buffer is read from both ends") { site in
            for number in 0..<10 { try await site.accept("t\(number)") }
            try expectEqual(try await site.buffer(), (0..<10).reversed().map { "t\($0)" })
            for (index, id) in [(0, "t9"), (9, "t0"), (-1, "t0"), (-10, "t9"), (7, "t2")] {
                guard case .bulk(let bytes) = try await site.command("LINDEX", site.keys.transactionBuffer, index)
                else {
                    throw ConformanceFailure(description: "no item \(index)")
                }
                try expectEqual(try JSONValue(parsing: bytes)["transaction_id"], .string(id))
            }
            try expectEqual(try await site.command("LINDEX", site.keys.transactionBuffer, 10), .null)
            try expectEqual(try await site.command("LINDEX", site.keys.transactionBuffer, -11), .null)
            try expectEqual(try await site.texts("LRANGE", site.keys.transactionBuffer, -3, -1).count, 3)
            try expectEqual(try await site.texts("LRANGE", site.keys.transactionBuffer, 5, 3), [])
        },
        Case("the overlay is read in pages that never split a record") { site in
            for number in 0..<6 {
                try await site.accept("t\(number)", Subject.step("update", "m", "r\(number / 2)", "{\"n\":\(number)}"))
            }
            try await site.accept("other", Subject.step("update", "m2", "r0"))
            var read = OverlayRead(model: "m", entriesMax: 3, bytesMax: 1 << 20)
            var seen: [String] = []
            for _ in 0..<4 {
                guard case .overlay(let page) = try await site.one(.overlay(read)) else {
                    throw ConformanceFailure(description: "an overlay read was not answered as one")
                }
                try expect(page.entries.count <= 3)
                // That of the last accepted of all, not of what is on the page.
                try expectEqual(page.newest, 7)
                for entry in page.entries {
                    seen.append("\(entry.encodedID) \(page.transactions[entry.sequence]?.transactionID.string ?? "?")")
                }
                read.after = page.next
                if page.next == nil { break }
            }
            try expectEqual(seen, (0..<6).map { "r\($0 / 2) t\($0)" })
            let chosen = OverlayRead(model: "m", records: ["r2", "nobody"], entriesMax: 1, bytesMax: 1)
            guard case .overlay(let page) = try await site.one(.overlay(chosen)) else { return }
            try expectEqual(page.entries.map(\.encodedID), ["r2", "r2"])
            try expectEqual(page.next, nil)
            let several = OverlayRead(model: "m", records: ["r2", "r0", "r1"], after: "r0", entriesMax: 2, bytesMax: 1)
            guard case .overlay(let page) = try await site.one(.overlay(several)) else { return }
            try expectEqual(page.entries.map(\.encodedID), ["r1", "r1"])
            try expectEqual(page.next, "r1")
        },
        Case("a record whose id is empty stands first in the overlay") { site in
            try await site.accept("a", Subject.step("update", "m", ""))
            try await site.accept("b", Subject.step("update", "m", "x"))
            var read = OverlayRead(model: "m", entriesMax: 1, bytesMax: 1 << 20)
            var seen: [String] = []
            for _ in 0..<3 {
                guard case .overlay(let page) = try await site.one(.overlay(read)) else { return }
                seen += page.entries.map(\.encodedID)
                read.after = page.next
                if page.next == nil { break }
            }
            try expectEqual(seen, ["", "x"])
            try expectEqual(try await site.command("SCARD", site.keys.bufferedIndex(model: "m")), .integer(2))
        },
        Case("the overlay's records without an id are read alone") { site in
            let ids = [
                #""a""#, "1", #"";""#, #"":""#, #"{"x":{"$ref":"z#s.id"},"y":"a"}"#,
                #"{"x":"a","y":{"$ref":"z#s.id"}}"#,
                #"{"$ref":"z#s.id"}"#, #"{"$ref":"q.id"}"#,
            ]
            for (number, id) in ids.enumerated() {
                try await site.accept(
                    "t\(number)", #"{"step_id":"s","operation":"delete","model":"m","id":\#(id)}"#)
            }
            var read = OverlayRead(model: "m", unnamedOnly: true, entriesMax: 3, bytesMax: 1 << 20)
            var seen: [String] = []
            for _ in 0..<4 {
                guard case .overlay(let page) = try await site.one(.overlay(read)) else {
                    throw ConformanceFailure(description: "an overlay read was not answered as one")
                }
                seen += page.entries.map(\.encodedID)
                read.after = page.next
                if page.next == nil { break }
            }
            try expectEqual(seen, ["::z#s.id,a", ":a,:z#s.id", ":any", ":z#s.id"])
        },
        Case("keys of the site are found like any other") { site in
            try await site.accept("a", Subject.step("create", "m", "1"))
            _ = try await site.command("SET", "ordinary", "1")
            let record = RecordKey(model: "m", encodedID: "1")
            let expected = [
                (site.keys.transactionBuffer, "list"), (site.keys.transaction(Subject.id("a")), "string"),
                (site.keys.cachedIDs(record), "string"), (site.keys.buffered(record), "string"),
                (site.keys.recordPending(record), "list"), (site.keys.bufferedIndex(model: "m"), "set"),
                (site.keys.readBufferUpdates(record), "list"), (site.keys.affectedRecords(Subject.id("a")), "set"),
                (site.keys.transactionRecent, "zset"), (site.keys.counters, "hash"),
            ]
            for (key, type) in expected {
                try expectEqual(try await site.command("TYPE", key), .status(type))
                try expectEqual(try await site.command("EXISTS", key), .integer(1))
                try expectEqual(try await site.command("TTL", key), .integer(-1))
            }
            let keys = Set(expected.map(\.0))
            try expectEqual(
                Set(try await site.texts("KEYS", site.keys.prefix + "*").filter { !site.isInternal($0) }), keys)
            var scanned: Set<String> = []
            var cursor = "0"
            for _ in 0..<100 {
                guard case .array(let parts) = try await site.command("SCAN", cursor, "MATCH", site.keys.prefix + "*"),
                    case .bulk(let next) = parts[0], case .array(let found) = parts[1]
                else { throw ConformanceFailure(description: "SCAN was not answered as one") }
                for case .bulk(let key) in found { scanned.insert(String(decoding: key, as: UTF8.self)) }
                cursor = String(decoding: next, as: UTF8.self)
                if cursor == "0" { break }
            }
            try expectEqual(scanned.filter { !site.isInternal($0) }, keys)
        },
    ]
}
