// SPDX-License-Identifier: MIT
import JSON
import ReentrantTransactions
import TransactionBuffering
import WireProtocol

/// `keyspace.commit` -> MultiResult at the outermost, else `{depth}`
struct KeyspaceCommit: Method {
    let name = "keyspace.commit"
    let isOrdered = true

    func call(_ params: Params, _ context: RequestContext) async throws(WireError) -> [UInt8] {
        await context.runAlone()
        defer { context.services.transactions.noteCommit() }
        do {
            let (commit, elements) = try await context.session.scope.commit()
            switch commit {
            case .nested(let depth): return KeyspaceBegin.answer(depth: depth)
            case .completed(let result):
                return try context.fitting(result.jsonBytes(await context.announce(result, elements)))
            }
        } catch {
            throw WireError(error as any Error)
        }
    }
}
