// SPDX-License-Identifier: MIT
import InMemoryKeyspace
import Keyspace
import Logging
import ReentrantTransactions
import Testing

/// The capability table of the design: each handler, each sort of request, each mode.
@Suite("Each handler, each request, each mode")
struct HandlerTableTests {
    enum Place: String, CaseIterable, Sendable {
        case inTransaction
        case inPipeline
        case pinned
        case provider
        case providerAlways
        case `default`
        case create
        case coalescing
    }

    enum Request: String, CaseIterable, Sendable {
        case transaction
        case pipeline
        case adHoc
    }

    enum Outcome: Sendable, Equatable {
        /// The block was opened and travelled this way: one arrival on its own or the shared connection.
        case sent(InMemoryKeyspace.Arrival.Way, own: Bool)
        /// It became part of the open block.
        case joined
        /// Its operations ran one by one.
        case oneByOne(warned: Bool)
        case error(TransactionError.Code)
    }

    static func expected(_ place: Place, _ request: Request, _ mode: FallbackMode) -> Outcome {
        let fallback: Outcome =
            switch mode {
            case .strict: .error(.operationMode)
            case .warn: .oneByOne(warned: true)
            case .permissive: .oneByOne(warned: false)
            }
        return switch (place, request) {
        case (.inTransaction, .transaction), (.inTransaction, .adHoc): .joined
        case (.inTransaction, .pipeline): .error(.conflictingContext)
        case (.inPipeline, .transaction): .error(.conflictingContext)
        case (.inPipeline, .pipeline), (.inPipeline, .adHoc): .joined
        case (.pinned, .transaction), (.pinned, .pipeline): fallback
        case (.pinned, .adHoc): .sent(.perform, own: true)
        case (.default, .transaction), (.default, .pipeline): fallback
        case (.default, .adHoc): .sent(.perform, own: false)
        case (.provider, .transaction), (.coalescing, .transaction): .sent(.execute, own: false)
        case (.provider, .pipeline), (.coalescing, .pipeline): .sent(.perform, own: false)
        case (.provider, .adHoc), (.coalescing, .adHoc): .sent(.perform, own: false)
        case (.providerAlways, .transaction), (.create, .transaction): .sent(.execute, own: true)
        case (.providerAlways, .pipeline), (.create, .pipeline): .sent(.perform, own: true)
        case (.providerAlways, .adHoc), (.create, .adHoc): .sent(.perform, own: true)
        }
    }

    @Test("answers as the table says", arguments: Place.allCases, Request.allCases)
    func table(_ place: Place, _ request: Request) async throws {
        for mode in FallbackMode.allCases {
            let outcome = try await observe(place, request, mode)
            #expect(outcome == Self.expected(place, request, mode), "mode \(mode)")
        }
    }

    private func observe(_ place: Place, _ request: Request, _ mode: FallbackMode) async throws -> Outcome {
        let fixture = Fixture(Fixture.Last(rawValue: place.rawValue) ?? .provider, mode: mode)
        let core = fixture.core
        let probe = Probe(core: core, request: request)
        switch place {
        case .inTransaction:
            try await core.execute { _ in try await probe.run() }
        case .inPipeline:
            try await core.pipeline { _ in try await probe.run() }
        case .pinned:
            let connection = try await fixture.keyspace.connect()
            try await core.withConnection(connection) { try await probe.run() }
        case .provider, .providerAlways, .default, .create, .coalescing:
            try await probe.run()
        }
        if let code = probe.error?.code {
            #expect(fixture.arrivals.isEmpty)
            return .error(code)
        }
        if probe.wasQueued { return .joined }
        let arrivals = fixture.keyspace.journal.filter { $0.way == .execute || $0.way == .perform }
        let isWarned = fixture.log.levels.contains(.warning)
        if arrivals.count == 2 {
            #expect(arrivals.allSatisfy { $0.way == .perform && $0.operations.count == 1 })
            return .oneByOne(warned: isWarned)
        }
        let arrival = try #require(arrivals.first)
        #expect(arrivals.count == 1 && !isWarned)
        return .sent(arrival.way, own: arrival.connection != 0)
    }

    /// Makes one request and keeps how it was answered.
    final class Probe {
        let core: TransactionCore
        let request: Request
        private(set) var error: TransactionError?
        private(set) var wasQueued = false

        init(core: TransactionCore, request: Request) {
            self.core = core
            self.request = request
        }

        func run() async throws {
            do {
                switch request {
                case .transaction: note(try await core.execute(twoOperations))
                case .pipeline: note(try await core.pipeline(twoOperations))
                case .adHoc: wasQueued = !(try await core.perform(Command("INCR", "a")).isResolved)
                }
            } catch let error as TransactionError {
                self.error = error
            }
        }

        private func twoOperations(_ connection: ScopedConnection) async throws {
            try await connection("INCR", "a")
            try await connection("INCR", "b")
        }

        private func note(_ submission: Submission) {
            if case .queued = submission { wasQueued = true }
        }
    }

    @Test("where no handler answers, a block is allowed")
    func noHandler() async throws {
        let keyspace = InMemoryKeyspace()
        let core = TransactionCore(keyspace: keyspace, chain: HandlerChain([]), logger: RecordingLog().logger)
        #expect(try await core.execute { try await $0("INCR", "a") }.result().successful)
        #expect(try await core.perform(Command("INCR", "a")).value == .integer(2))
        #expect(keyspace.ways == [.execute, .perform])
    }

    @Test("one by one: values are there at once, a failed command fails alone, a kept handle is closed")
    func fallback() async throws {
        let fixture = Fixture(.default, mode: .permissive)
        var kept: ScopedConnection?
        let result = try await fixture.core.execute { connection in
            kept = connection
            #expect(try await connection("SET", "a", "x").value == .status("OK"))
            try await connection("INCR", "a")
            try await connection.queue(accept("t1"))
        }.result()
        #expect(result.results == [.status("OK"), .null, .accept(.accepted)])
        #expect(result.errors.map(\.index) == [1])
        await #expect { try await kept?("INCR", "b") } throws: { ($0 as? TransactionError)?.code == .scopeClosed }
    }

    @Test("one by one: an operation the store did not answer is an error in its place, if the body goes on")
    func fallbackOutage() async throws {
        let fixture = Fixture(.default, mode: .permissive)
        let result = try await fixture.core.execute { connection in
            try await connection("INCR", "a")
            fixture.keyspace.fail(with: KeyspaceError(.outcomeUnknown, "lost"))
            _ = try? await connection("INCR", "b")
            fixture.keyspace.fail(with: nil)
            try await connection("INCR", "a")
        }.result()
        #expect(result.results == [.integer(1), .null, .integer(2)])
        #expect(result.errors.map(\.index) == [1] && result.errors[0].detail == "UNANSWERED")
        #expect(!result.successful)
    }

    @Test("one by one, a ready list is answered the same way")
    func fallbackList() async throws {
        let fixture = Fixture(.default, mode: .warn)
        let result = try await fixture.core.run([set("a", "1"), set("b", "2")]).result()
        #expect(result.results == [.status("OK"), .status("OK")])
        #expect(fixture.arrivals == [["SET a 1"], ["SET b 2"]])
        #expect(fixture.log.levels == [.warning])
    }

    @Test("connections that were checked out or created are given back, on a throw too")
    func givenBack() async throws {
        for last in [Fixture.Last.providerAlways, .create] {
            let fixture = Fixture(last)
            try await fixture.core.execute { try await $0("INCR", "a") }
            fixture.keyspace.refuse(0, CommandError("ERR", "no"))
            _ = try? await fixture.core.execute { try await $0("INCR", "a") }
            switch last {
            case .create: #expect(fixture.keyspace.ways == [.connect, .execute, .close, .connect, .execute, .close])
            default: #expect(fixture.keyspace.ways == [.connect, .execute, .execute])
            }
        }
    }
}
