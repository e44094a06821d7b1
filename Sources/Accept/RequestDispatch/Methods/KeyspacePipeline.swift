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
        do {
            let submission = try await context.services.core.pipeline { connection in
                for command in commands { _ = try await connection.queue(.command(command)) }
            }
            return try submission.result().jsonBytes
        } catch {
            throw WireError(error)
        }
    }
}
