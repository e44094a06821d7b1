// SPDX-License-Identifier: MIT
import WireProtocol

/// `keyspace.discard` -> `{depth: 0}`, from whatever depth, also when nothing is open
struct KeyspaceDiscard: Method {
    let name = "keyspace.discard"
    let isOrdered = true

    func call(_ params: Params, _ context: RequestContext) async throws(WireError) -> [UInt8] {
        await context.runAlone()
        await context.session.scope.discard()
        return KeyspaceBegin.answer(depth: 0)
    }
}
