// SPDX-License-Identifier: MIT
import Keyspace
import ReentrantTransactions
import WireProtocol

/// `keyspace.pipeline {commands[[...]]}` -> MultiResult
struct KeyspacePipeline: Method {
    let name = "keyspace.pipeline"
    let isOrdered = true

    func call(_ params: Params, _ context: RequestContext) async throws(WireError) -> [UInt8] {
        let commands = try params.commands(context)
        await context.keepOrder()
        do {
            let result = try await context.session.scope.pipeline(commands).result()
            return try context.fitting(result.jsonBytes())
        } catch {
            throw WireError(error as any Error)
        }
    }
}
