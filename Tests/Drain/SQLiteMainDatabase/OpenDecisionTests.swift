// SPDX-License-Identifier: MIT
import Foundation
import MainDatabase
import Testing

@testable import SQLiteMainDatabase

@Suite struct OpenDecisionTests {
    private static let file = FileIdentity.look(at: "/")
    private static let otherFile = FileIdentity.look(at: "/proc/self/status")

    @Test func aMissingFileIsCreatedOnlyWhereItWasNeverSeen() throws {
        guard case .present(let identity) = Self.file else { throw TestFailure() }
        var decision = OpenDecision(mayCreate: true)
        #expect(decision.action(for: .missing) == .create)
        decision.opened(identity)
        guard case .fail(let error) = decision.action(for: .missing) else { throw TestFailure() }
        #expect(error.kind == .unavailable)
        decision.closed()
        guard case .fail = decision.action(for: .missing) else { throw TestFailure() }
    }

    @Test func aMissingFileThatMustExistIsAnOutage() throws {
        guard case .fail(let error) = OpenDecision(mayCreate: false).action(for: .missing) else { throw TestFailure() }
        #expect(error.kind == .unavailable)
    }

    @Test func anotherFileAtThePathIsOpenedAnew() throws {
        guard case .present(let identity) = Self.file else { throw TestFailure() }
        var decision = OpenDecision(mayCreate: false)
        #expect(decision.action(for: Self.file) == .openExisting)
        decision.opened(identity)
        #expect(decision.action(for: Self.file) == .use)
        #expect(decision.action(for: Self.otherFile) == .openExisting)
        decision.closed()
        #expect(decision.action(for: Self.file) == .openExisting)
    }

    @Test func aPathThatCantBeLookedAtIsAnOutage() throws {
        guard case .fail(let error) = OpenDecision(mayCreate: true).action(for: .unknown(13)) else {
            throw TestFailure()
        }
        #expect(error.kind == .unavailable && error.code == "errno 13")
    }

    @Test func aPathBelowAFileIsMissing() {
        #expect(FileIdentity.look(at: "/proc/self/status/main.db") == .missing)
        #expect(FileIdentity.look(at: "/no/such/directory/main.db") == .missing)
    }
}

struct TestFailure: Error {}
