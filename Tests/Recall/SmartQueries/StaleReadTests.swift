// SPDX-License-Identifier: MIT
import JSON
import Keyspace
import MainDatabase
import SQLiteMainDatabase
import SmartQueries
import Synchronization
import Testing
import TransactionBuffering
import TransactionModel

/// A replica that is behind itself: restarted, it lets clients in before it has replayed what it had.
@Suite struct StaleReadTests {
    private static let schema = "CREATE TABLE x (id TEXT PRIMARY KEY, v INTEGER); INSERT INTO x VALUES ('a', 1);"

    private struct Scene {
        let pipeline: Pipeline
        let replica: WatchedReader
        let queries: SmartQueryManager

        init() async throws {
            pipeline = try await Pipeline(schema: StaleReadTests.schema, hasReplica: true)
            replica = WatchedReader(pipeline.main)
            queries = SmartQueryManager(
                manager: pipeline.manager,
                buffer: ReadBufferManager(access: pipeline.access, keys: pipeline.manager.keys), base: replica)
        }

        /// Whether a record and a query are refused as stale; both, or neither.
        func isStale() async throws -> Bool {
            var refused: [Bool] = []
            do {
                #expect(try await queries.get(model: "x", id: try view("a")).record?["v"] == 1)
                refused.append(false)
            } catch RecallError.staleRead {
                refused.append(true)
            }
            do {
                #expect(try await queries.query(RecordQuery(model: "x")).records.count == 1)
                refused.append(false)
            } catch RecallError.staleRead {
                refused.append(true)
            }
            #expect(refused[0] == refused[1])
            return refused[0]
        }
    }

    @Test func `what was answered once is never answered from before that`() async throws {
        let scene = try await Scene()
        for (position, isStale) in [
            (Position(5, timeline: 1), false), (Position(9, timeline: 1), false), (Position(8, timeline: 1), true),
            (Position(9, timeline: 1), false), (Position(1, timeline: 2), false), (Position(99, timeline: 1), true),
        ] {
            scene.replica.position.withLock { $0 = position }
            #expect(try await scene.isStale() == isStale, "\(position)")
        }
        // What can't be behind has no position.
        scene.replica.position.withLock { $0 = nil }
        #expect(try await !scene.isStale())
        await scene.pipeline.close()
    }

    @Test func `a replica must have what was released, also when nobody here has seen it there`() async throws {
        let scene = try await Scene()
        let key = scene.pipeline.manager.keys.releasedPosition
        _ = try await scene.pipeline.access.read([Command("SET", key, "1 7")])
        for (value, isStale) in [(6, true), (7, false), (8, false)] as [(UInt64, Bool)] {
            scene.replica.position.withLock { $0 = Position(value, timeline: 1) }
            #expect(try await scene.isStale() == isStale)
        }
        await scene.pipeline.close()
    }

    @Test func `what was answered or released in another cluster stands in nobody's way`() async throws {
        let scene = try await Scene()
        let key = scene.pipeline.manager.keys.releasedPosition
        _ = try await scene.pipeline.access.read([Command("SET", key, "1 900 7")])
        for (position, isStale) in [
            (Position(900, timeline: 1, system: 7), false), (Position(10, timeline: 1, system: 8), false),
            // From here on it is this one that must not go back.
            (Position(9, timeline: 1, system: 8), true), (Position(10, timeline: 1, system: 8), false),
        ] {
            scene.replica.position.withLock { $0 = position }
            #expect(try await scene.isStale() == isStale, "\(position)")
        }
        await scene.pipeline.close()
    }

    @Test func `what the overlay knows alone is answered all the same`() async throws {
        let scene = try await Scene()
        _ = try await scene.pipeline.access.read([Command("SET", scene.pipeline.manager.keys.releasedPosition, "1 7")])
        scene.replica.position.withLock { $0 = Position(6, timeline: 1) }
        try await scene.pipeline.buffer(
            ["steps": [["step_id": "c", "operation": "create", "model": "x", "data": ["id": "b", "v": 2]]]])
        #expect(try await scene.queries.get(model: "x", id: try view("b")).record?["v"] == 2)
        await scene.pipeline.close()
    }
}
