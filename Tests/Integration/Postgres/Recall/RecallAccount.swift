// SPDX-License-Identifier: MIT
#if Postgres
import DaemonHarness
import JSON
import PostgresServer
import Testing

/// What is in PostgreSQL at the end, as psql reads it, against what the clients wrote and the sidecar answers.
struct RecallAccount {
    let server: PostgresServer

    /// One JSON object per row, times as the sidecar writes them.
    private func rows(_ columns: String, _ table: String, order: String) throws -> [JSONValue] {
        let text = try server.psql("SELECT row_to_json(r) FROM (SELECT \(columns) FROM \(table) ORDER BY \(order)) r")
        return try text.split(separator: "\n").map { try JSONValue(parsing: String($0)) }
    }

    private static let time = "to_char(seen AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') AS seen"

    func expectSame(as models: [RecallModel], _ client: FrameClient) throws {
        let items = try rows(
            "id, owner, rank, title, score, mood, flag, \(Self.time), tag, hits, looked_up", "item",
            order: "id COLLATE \"C\"")
        let written = models.flatMap { model in model.items.keys.compactMap { model.json(item: $0) } }
        expectEqual(items, written.sorted { ($0["id"]?.string ?? "") < ($1["id"]?.string ?? "") })
        expectEqual(try all("item", client), items)

        let parts = try rows("owner, serial, item_id, size", "part", order: "owner, serial")
        expectEqual(parts, models.flatMap { model in model.parts.keys.sorted().compactMap { model.json(part: $0) } })
        let identified = try rows("*", "part", order: "id")
        expectEqual(try all("part", client), identified)
        for model in models {
            for (serial, part) in model.parts {
                guard let id = part.id else { continue }
                #expect(identified.contains { $0["id"]?.int64 == id && $0["serial"]?.int64 == Int64(serial) })
            }
        }

        let marks = try rows(
            "m.id, m.owner, p.serial", "mark m JOIN part p ON p.id = m.part_id", order: "m.id COLLATE \"C\"")
        let named = models.flatMap { model in
            model.marks.sorted { $0.key < $1.key }.map { mark -> JSONValue in
                [
                    "id": .string(mark.key), "owner": .integer(Int64(model.owner)),
                    "serial": .integer(Int64(mark.value)),
                ]
            }
        }
        expectEqual(marks, named)
        expectEqual(try all("mark", client), try rows("*", "mark", order: "id COLLATE \"C\""))

        for model in models {
            let ranks = try rows("rank", "visit", order: "owner, id").dropFirst(model.owner * RecallModel.visitCount)
            #expect(ranks.prefix(model.visits.count).map { $0["rank"]?.int64 } == model.visits.map { Int64($0) })
        }
        let ticks = (0..<RecallModel.tickCount).map { tick in models.reduce(0) { $0 + $1.ticks[tick] } }
        #expect(try rows("value", "tick", order: "id").map { $0["value"]?.int64 } == ticks.map { Int64($0) })
    }

    private func all(_ table: String, _ client: FrameClient) throws -> [JSONValue] {
        var records: [JSONValue] = []
        while true {
            let answer = try client.query(table, ["limit": 1000, "offset": .integer(Int64(records.count))])
            #expect(answer["pending_count"] == 0 && answer["unknown"] == [])
            guard let page = answer["records"]?.array, !page.isEmpty else { return records }
            records += page
        }
    }

    private func expectEqual(_ a: [JSONValue], _ b: [JSONValue], _ location: SourceLocation = #_sourceLocation) {
        #expect(a.count == b.count, sourceLocation: location)
        let text = { (value: JSONValue) in String(decoding: value.bytes, as: UTF8.self) }
        for (x, y) in zip(a, b) where x != y {
            Issue.record("\(text(x)) and \(text(y))", sourceLocation: location)
            return
        }
    }
}
#endif
