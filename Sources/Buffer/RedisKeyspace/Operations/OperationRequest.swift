// SPDX-License-Identifier: MIT
import Keyspace
import NIOCore

/// Operations that are sent together.
struct OperationRequest: Sendable {
    enum Form: Sendable {
        /// One after the other; others' may come in between.
        case separate
        /// As ``separate``, procedures with their text.
        case separateAsText
        /// MULTI, the operations, EXEC, with nothing in between.
        case block
    }

    let operations: [Operation]
    let form: Form
    let codec: OperationCodec

    var mayWrite: Bool { operations.contains(where: \.mayWrite) }

    /// What the replies may hold, where a command says so.
    var replyLimit: ReplyBuilder.Limit? {
        var bytes: Int?
        for case .command(let command) in operations {
            if let limit = command.replyBytesMax { bytes = min(bytes ?? limit, limit) }
        }
        return bytes.map { .init(bytes: $0, isBlock: form == .block) }
    }

    /// The accept, when it is just that, and may travel in a group.
    var singleAccept: Accept? {
        guard form == .separate, operations.count == 1, case .accept(let accept) = operations[0] else { return nil }
        return accept
    }

    /// Writes it and answers how many replies it gets.
    func write(into buffer: inout ByteBuffer) -> Int {
        switch form {
        case .separate, .separateAsText:
            for operation in operations { codec.write(operation, asText: form == .separateAsText, into: &buffer) }
            return operations.count
        case .block:
            buffer.writeRequest(of: 1)
            buffer.writeArgument("MULTI" as StaticString)
            for operation in operations { codec.write(operation, asText: true, into: &buffer) }
            buffer.writeRequest(of: 1)
            buffer.writeArgument("EXEC" as StaticString)
            return operations.count + 2
        }
    }
}
