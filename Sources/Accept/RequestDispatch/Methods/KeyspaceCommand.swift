// SPDX-License-Identifier: MIT
import JSON
import Keyspace
import ReentrantTransactions
import TransactionBuffering
import WireProtocol

/// `keyspace.command {command: ["SET", "k", "v"]}` -> the reply; inside `keyspace.begin` `{future}`
struct KeyspaceCommand: Method {
    let name = "keyspace.command"
    let isOrdered = true

    func call(_ params: Params, _ context: RequestContext) async throws(WireError) -> [UInt8] {
        let command = try Command(params.required("command"), path: "command", context)
        await context.keepOrder()
        do {
            let future = try await context.session.scope.perform(command)
            guard let reply = try future.known() else { return Self.queued(future.index ?? 0) }
            if case .error(let error) = reply { throw WireError(error) }
            return try context.fitting(json { $0.reply(reply) })
        } catch {
            throw WireError(error as any Error)
        }
    }

    /// `{"future": n}`: the n-th element of the commit's results.
    static func queued(_ index: Int) -> [UInt8] {
        json(capacity: 32) { writer in
            writer.beginObject()
            writer.member("future", Int64(index))
            writer.endObject()
        }
    }
}

extension Future {
    /// The reply; nil while it is queued.
    func known() throws(TransactionError) -> Reply? {
        do throws(TransactionError) {
            return try value
        } catch {
            if error.code == .futureUnresolved { return nil }
            throw error
        }
    }
}

extension Command {
    static let argumentsMax = 100_000

    var bytes: Int { arguments.reduce(0) { $0 + $1.count } }

    /// An array of strings, numbers and `$bytes`. Refuses what no store would take, and writes to the keys of sites.
    init(_ view: JSONView, path: String, _ context: RequestContext) throws(WireError) {
        guard view.kind == .array, (1...Self.argumentsMax).contains(view.count) else {
            throw WireError(
                .invalidParams, "\(path) must be an array of 1 to \(Self.argumentsMax) arguments.", path: path)
        }
        var arguments: [[UInt8]] = []
        arguments.reserveCapacity(view.count)
        for (index, element) in view.elements.enumerated() {
            guard let argument = element.argument else {
                throw WireError(
                    .invalidParams, "An argument is a string, a number, or {\"$bytes\"}.", path: "\(path)[\(index)]")
            }
            arguments.append(argument)
        }
        // What is longer than a frame can't be sent.
        self.init(arguments, replyBytesMax: context.services.frameBytesMax)
        if let error = CommandTable.check(self) { throw WireError(error) }
        guard let specification = CommandTable.specification(of: self), specification.isWrite else { return }
        for key in specification.keys(of: self) where SiteKeys.ofAnySite(key) {
            throw WireError(
                .permissionDenied,
                "The keys of sites, site:..., are read-only here; use the transaction and dead_letter methods.",
                detail: "NOPERM")
        }
    }
}

extension JSONView {
    /// A string, a number's text, or `$bytes`; nil for anything else.
    var argument: [UInt8]? { (string ?? numberText).map { Array($0.utf8) } ?? bytesValue }
}

extension JSONWriter {
    /// A reply as JSON: nil null, status or bulk a string (`$bytes` where it is no UTF-8), integer a number, array an array.
    mutating func reply(_ reply: Reply) {
        switch reply {
        case .null, .error: null()
        case .status(let text): string(text)
        case .integer(let number): int(number)
        case .bulk(let bytes): bulk(bytes)
        case .array(let elements):
            beginArray()
            for element in elements { self.reply(element) }
            endArray()
        case .accept, .claim, .advance, .release, .overlay, .lease, .adopt:
            preconditionFailure("no command of a client has the reply of a procedure")
        }
    }

    mutating func bulk(_ bytes: [UInt8]) {
        if let text = String(validating: bytes, as: UTF8.self) { string(text) } else { bytesObject(bytes) }
    }
}
