// SPDX-License-Identifier: MIT
import JSON
import ReentrantTransactions
import WireProtocol

/// `keyspace.begin {watch?[{key, expect?}]}` -> `{depth}`
struct KeyspaceBegin: Method {
    let name = "keyspace.begin"
    let isOrdered = true

    func call(_ params: Params, _ context: RequestContext) async throws(WireError) -> [UInt8] {
        let watched = try params.watchedKeys()
        await context.runAlone()
        do {
            return Self.answer(depth: try await context.session.scope.begin(watching: watched))
        } catch {
            throw WireError(error as any Error)
        }
    }

    static func answer(depth: Int) -> [UInt8] {
        json(capacity: 16) { writer in
            writer.beginObject()
            writer.member("depth", Int64(depth))
            writer.endObject()
        }
    }
}
