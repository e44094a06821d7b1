// SPDX-License-Identifier: MIT
import JSON
import Keyspace
import ReentrantTransactions
import WireProtocol

/// `object.get {kind, id}` -> `{fields?}`; inside `keyspace.begin` `{future}`, and the same as an element of the result
struct ObjectGet: Method {
    let name = "object.get"
    let isOrdered = true

    func call(_ params: Params, _ context: RequestContext) async throws(WireError) -> [UInt8] {
        let command = ObjectStore.reading(try params.objectKey())
        await context.keepOrder()
        do {
            var reply: Reply?
            let index = try await context.session.scope.queueElement(bytes: command.bytes) { core in
                reply = try await core.perform(command).known()
                return .object
            }
            guard let reply else { return KeyspaceCommand.queued(index) }
            if case .error(let error) = reply { throw WireError(error) }
            return try context.fitting(json { $0.object(ObjectFields(reply)) })
        } catch {
            throw WireError(error as any Error)
        }
    }
}
