// SPDX-License-Identifier: MIT
import InMemoryKeyspace
import Keyspace
import ReentrantTransactions
import Testing

@Suite("Pipelines")
struct PipelineTests {
    @Test("a pipeline travels together and runs in order; nested ones join it")
    func whole() async throws {
        let fixture = Fixture()
        let core = fixture.core
        var future: Future?
        let result = try await core.pipeline { connection in
            try await connection("SET", "a", "x")
            future = try await core.perform(Command("INCR", "a"))
            #expect(future?.isResolved == false)
            try await core.pipeline { try await $0("SET", "b", "1") }
        }.result()
        #expect(fixture.keyspace.ways == [.perform])
        #expect(fixture.arrivals == [["SET a x", "INCR a", "SET b 1"]])
        #expect(result.results == [.status("OK"), .null, .status("OK")])
        #expect(result.errors.map(\.index) == [1])
        #expect(try future?.value == result.replies[1])
    }

    @Test(
        "a transaction inside a pipeline is a conflict in every mode, and so is a ready list",
        arguments: FallbackMode.allCases)
    func conflict(mode: FallbackMode) async throws {
        let fixture = Fixture(mode: mode)
        let core = fixture.core
        let isConflict: (any Error) -> Bool = { ($0 as? TransactionError)?.code == .conflictingContext }
        try await core.pipeline { _ in
            await #expect { try await core.execute { try await $0("INCR", "a") } } throws: { isConflict($0) }
            await #expect { _ = try await core.run([set("a", "1")]) } throws: { isConflict($0) }
        }
        #expect(fixture.keyspace.journal.isEmpty)
    }

    @Test("a throw discards the pipeline")
    func thrown() async {
        let fixture = Fixture()
        await #expect(throws: Oops.self) {
            try await fixture.core.pipeline { connection in
                try await connection("INCR", "a")
                throw Oops()
            }
        }
        #expect(fixture.keyspace.journal.isEmpty)
    }
}
