// SPDX-License-Identifier: MIT
import JSON
import Keyspace
import ReentrantTransactions
import TransactionBuffering
import TransactionModel
import WireProtocol

/// What a queued operation will be in the result of the commit, where that is no plain reply.
enum QueuedElement: Sendable {
    /// Of a queued accept: its receipt, once its outcome is known.
    case receipt(Receipt)
    /// Of a queued `object.get`.
    case object
}

extension MultiResult {
    /// `{successful, aborted, results[], errors[{index, kind, detail?}]}`
    ///
    /// - Parameter elements: By index: what is to be shown otherwise than as a reply.
    func jsonBytes(_ elements: [Int: QueuedElement] = [:]) -> [UInt8] {
        json(capacity: 64 + 32 * replies.count) { writer in
            writer.beginObject()
            writer.member("successful", successful)
            writer.member("aborted", aborted)
            writer.name("results")
            writer.beginArray()
            for (index, reply) in replies.enumerated() { writer.element(elements[index], reply) }
            writer.endArray()
            writer.name("errors")
            writer.beginArray()
            for error in errors {
                writer.beginObject()
                writer.member("index", Int64(error.index))
                writer.member("kind", error.kind.rawValue)
                if let detail = error.detail { writer.member("detail", detail) }
                writer.endObject()
            }
            writer.endArray()
            writer.endObject()
        }
    }
}

extension JSONWriter {
    fileprivate mutating func element(_ element: QueuedElement?, _ reply: Reply) {
        switch (element, reply) {
        case (_, .error), (_, .accept(.conflict)), (_, .accept(.full)): null()
        case (.receipt(let receipt), .accept(let outcome)): raw(receipt.settled(by: outcome).jsonBytes)
        case (.object, _): object(ObjectFields(reply))
        case (.receipt, _), (nil, _): self.reply(reply)
        }
    }

    /// `{fields?}`: absent when there is no such object.
    mutating func object(_ fields: ObjectFields?) {
        beginObject()
        if let fields {
            name("fields")
            beginObject()
            for field in fields.all {
                name(String(decoding: field.name, as: UTF8.self))
                bulk(field.value ?? [])
            }
            endObject()
        }
        endObject()
    }
}

extension Receipt {
    /// The receipt of a queued accept, its outcome known. One that was settled already stays as it is.
    func settled(by outcome: AcceptOutcome) -> Receipt {
        guard status == nil else { return self }
        var receipt = self
        switch outcome {
        case .accepted: receipt.status = .pending
        case .duplicate(let status, let ids):
            receipt.status = status
            receipt.isDuplicate = true
            if let ids { receipt.generatedIDs = ids }
        case .conflict, .full: break
        }
        return receipt
    }
}
