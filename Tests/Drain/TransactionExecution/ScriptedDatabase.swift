// SPDX-License-Identifier: MIT
import MainDatabase
import Synchronization
import TransactionModel

/// A main database that answers `apply` by a script and remembers what it was asked to apply.
final class ScriptedDatabase: MainDatabase {
    private struct State {
        var answers: [Result<BatchOutcome, DatabaseError>]
        var batches: [[String]] = []
    }

    private let state: Mutex<State>
    let dialect = SQLDialect { number, _ in "?\(number)" }

    init(_ answers: [Result<BatchOutcome, DatabaseError>]) { state = Mutex(State(answers: answers)) }

    var batches: [[String]] { state.withLock { $0.batches } }

    func apply(_ batch: [PreparedTransaction], under lease: Lease) async throws(DatabaseError) -> BatchOutcome {
        let answer = state.withLock { state -> Result<BatchOutcome, DatabaseError> in
            state.batches.append(batch.map(\.transactionID.string))
            return state.answers.isEmpty ? .failure(Self.unscripted) : state.answers.removeFirst()
        }
        return try answer.get()
    }

    func takeLease(site: String, atLeast: Int64) async throws(DatabaseError) -> Lease { throw Self.unscripted }
    func verify(_ lease: Lease) async throws(DatabaseError) { throw Self.unscripted }
    func pruneLedger(before: Timestamp, rowsMax: Int) async throws(DatabaseError) -> Int { throw Self.unscripted }
    func introspect() async throws(DatabaseError) -> Schema { throw Self.unscripted }
    func position() async throws(DatabaseError) -> Position { throw Self.unscripted }
    func close() async {}

    func read<R: Sendable>(
        _ body: @escaping @Sendable (any DatabaseSnapshot) throws(DatabaseError) -> R
    ) async throws(DatabaseError) -> R {
        throw Self.unscripted
    }

    private static let unscripted = DatabaseError(.unclassified, code: "script", "The script says nothing about this.")
}
