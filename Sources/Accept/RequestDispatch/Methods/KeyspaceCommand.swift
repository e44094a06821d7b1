// SPDX-License-Identifier: MIT
import JSON
import Keyspace
import ReentrantTransactions
import TransactionBuffering
import WireProtocol

/// `keyspace.command {command: ["SET", "k", "v"]}` -> the reply
struct KeyspaceCommand: Method {
    let name = "keyspace.command"
    let isOrdered = true

    func call(_ params: Params, _ context: RequestContext) async throws(WireError) -> [UInt8] {
        let command = try Command(params.required("command"), path: "command", context)
        do {
            let reply = try await context.services.core.perform(command).value
            if case .error(let error) = reply { throw WireError(error) }
            return json { $0.reply(reply) }
        } catch {
            throw WireError(error as any Error)
        }
    }
}

extension Command {
    static let argumentsMax = 100_000

    /// An array of strings, numbers and `$bytes`. Refuses what no store would take, and writes to the site's keys.
    init(_ view: JSONView, path: String, _ context: RequestContext) throws(WireError) {
        guard view.kind == .array, (1...Self.argumentsMax).contains(view.count) else {
            throw WireError(
                .invalidParams, "\(path) must be an array of 1 to \(Self.argumentsMax) arguments.", path: path)
        }
        var arguments: [[UInt8]] = []
        arguments.reserveCapacity(view.count)
        for (index, element) in view.elements.enumerated() {
            if let text = element.string ?? element.numberText {
                arguments.append(Array(text.utf8))
            } else if let bytes = element.bytesValue {
                arguments.append(bytes)
            } else {
                throw WireError(
                    .invalidParams, "An argument is a string, a number, or {\"$bytes\"}.", path: "\(path)[\(index)]")
            }
        }
        self.init(arguments)
        if let error = CommandTable.check(self) { throw WireError(error) }
        guard let specification = CommandTable.specification(of: self), specification.isWrite else { return }
        let prefix = Array(context.services.transactions.keys.prefix.utf8)
        for key in specification.keys(of: self) where key.starts(with: prefix) {
            throw WireError(
                .permissionDenied, "The site's keys are read-only here; use the transaction and dead_letter methods.",
                detail: "NOPERM")
        }
    }
}

extension JSONWriter {
    /// A reply as JSON: nil null, status or bulk a string (`$bytes` where it is no UTF-8), integer a number, array an array.
    mutating func reply(_ reply: Reply) {
        switch reply {
        case .null, .error: null()
        case .status(let text): string(text)
        case .integer(let number): int(number)
        case .bulk(let bytes):
            if let text = String(validating: bytes, as: UTF8.self) { string(text) } else { bytesObject(bytes) }
        case .array(let elements):
            beginArray()
            for element in elements { self.reply(element) }
            endArray()
        case .accept, .claim, .advance, .release, .overlay, .lease, .adopt:
            preconditionFailure("no command of a client has the reply of a procedure")
        }
    }
}
