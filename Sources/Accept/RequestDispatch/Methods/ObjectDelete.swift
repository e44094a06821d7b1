// SPDX-License-Identifier: MIT
import ReentrantTransactions
import WireProtocol

/// `object.delete {kind, id, transaction_id?}` -> `{outcome: deleted|absent, duplicate}`
struct ObjectDelete: Method {
    let name = "object.delete"
    let isOrdered = true

    func call(_ params: Params, _ context: RequestContext) async throws(WireError) -> [UInt8] {
        let key = try params.objectKey()
        let request = try params.objectRequest(name)
        await context.runAlone()
        do {
            return try await context.session.scope.run(bytes: 0) { core in
                try await context.services.objects.with(core).delete(key, request: request)
            }.jsonBytes
        } catch {
            throw WireError(error as any Error)
        }
    }
}
