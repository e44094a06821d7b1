// SPDX-License-Identifier: MIT
import Keyspace
import NIOCore

/// Operations as requests, and replies as theirs.
struct OperationCodec: Sendable {
    let catalog: ProcedureCatalog
    let site: SiteGuard

    init(_ settings: SiteSettings) {
        catalog = ProcedureCatalog(site: settings)
        site = SiteGuard(keys: settings.keys)
    }

    /// Why an operation is not even sent: as the embedded keyspace, in the same words.
    func refusal(of operation: Operation) -> CommandError? {
        guard case .command(let command) = operation else { return nil }
        return CommandTable.check(command) ?? site.check(command)
    }

    /// Writes one operation, which gets one reply.
    ///
    /// - Parameter asText: Whether a procedure travels with the text of its script. Within MULTI it must: an unknown
    ///   digest would fail there while the rest of the block runs.
    func write(_ operation: Operation, asText: Bool, into buffer: inout ByteBuffer) {
        if case .command(let command) = operation { return buffer.writeCommand(command.arguments) }
        write(catalog.encode(operation), asText: asText, into: &buffer)
    }

    func write(_ procedure: EncodedProcedure, asText: Bool, into buffer: inout ByteBuffer) {
        buffer.writeRequest(of: 3 + procedure.keys.count + procedure.arguments.count)
        if asText {
            buffer.writeArgument("EVAL" as StaticString)
            buffer.writeArgument(procedure.script.text)
        } else {
            buffer.writeArgument("EVALSHA" as StaticString)
            buffer.writeArgument(procedure.script.sha1)
        }
        buffer.writeArgument("\(procedure.keys.count)" as String)
        buffer.writeArguments(procedure.keys)
        buffer.writeArguments(procedure.arguments)
    }

    /// The replies to operations that were executed.
    ///
    /// Throws what is wrong with the server when it kept every write among them from being done: then nothing was done.
    /// Otherwise each operation's error is its own reply.
    func replies(_ values: ArraySlice<RESPValue>, to operations: [Operation]) throws(KeyspaceError) -> [Reply] {
        var replies: [Reply] = []
        replies.reserveCapacity(values.count)
        var obstacle: KeyspaceError?
        var hasWritten = false
        for (value, operation) in zip(values, operations) {
            if case .error(let bytes) = value {
                let error = ServerError(bytes)
                if case .accept = operation, error.condition == .full {
                    replies.append(.accept(.full))
                    continue
                }
                replies.append(.error(error.commandError))
                obstacle = obstacle ?? (operation.isProcedure ? error.procedureError : error.keyspaceError)
            } else {
                replies.append(operation.isProcedure ? try catalog.decode(value, of: operation) : Reply(value))
                hasWritten = hasWritten || operation.mayWrite
            }
        }
        if let obstacle, !hasWritten { throw obstacle }
        return replies
    }
}

extension Operation {
    var isProcedure: Bool {
        if case .command = self { false } else { true }
    }

    /// Whether executing it may change the keyspace.
    var mayWrite: Bool {
        switch self {
        case .command(let command): CommandTable.specification(of: command)?.isWrite ?? true
        case .overlay: false
        case .accept, .claim, .advance, .release, .lease, .adopt: true
        }
    }

    var isAccept: Bool {
        if case .accept = self { true } else { false }
    }
}

extension Reply {
    /// A command's reply as the port says it.
    init(_ value: RESPValue) {
        switch value {
        case .null: self = .null
        case .status(let bytes): self = .status(String(decoding: bytes, as: UTF8.self))
        case .integer(let value): self = .integer(value)
        case .bulk(let bytes): self = .bulk(bytes)
        case .array(let items): self = .array(items.map(Reply.init))
        case .error(let bytes): self = .error(ServerError(bytes).commandError)
        }
    }
}
