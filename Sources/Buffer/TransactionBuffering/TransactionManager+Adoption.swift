// SPDX-License-Identifier: MIT
import JSON
public import Keyspace
public import TransactionModel

extension TransactionManager {
    /// Takes in an element of `transaction_buffer` that another program pushed.
    ///
    /// A valid transaction is accepted in its place, with everything an accept makes; anything else becomes the dead letter
    /// `malformed-<sha256>` with its bytes. While nothing is known of the schema, what needs it stays where it is: then this
    /// throws `.storeUnavailable`.
    ///
    /// - Returns: what became of the element, and the id of the dead letter that was made of it.
    public func adopt(
        _ raw: [UInt8]
    ) async throws(BufferingError) -> (outcome: AdoptionOutcome, deadLetter: TransactionID?) {
        let verdict = try await verdict(on: raw)
        let outcome = try await access.adopt(Adoption(raw: raw, verdict, at: now()))
        let event: TransactionEvent
        switch (outcome, verdict) {
        case (.adopted, .accepted(let accept)):
            event = TransactionEvent(transactionID: accept.transactionID, status: .pending, at: now())
        case (.adopted, .malformed(let id, _)):
            event = TransactionEvent(transactionID: id, status: .deadLetter, at: now())
        case (.conflict, _):
            event = TransactionEvent(transactionID: Self.malformedID(raw), status: .deadLetter, at: now())
        default: return (outcome, nil)
        }
        if events.isHeard { events.publish(event) }
        return (outcome, event.status == .deadLetter ? event.transactionID : nil)
    }

    private func verdict(on raw: [UInt8]) async throws(BufferingError) -> Adoption.Verdict {
        let view: JSONView
        do {
            view = try JSONDocument(parsing: raw).root
        } catch {
            return malformed(raw, "the element is no valid JSON: \(error)")
        }
        guard view["transaction_id"]?.isNull == false else {
            return malformed(raw, "transaction_id is missing: only its producer can name it, so that a repeat is one")
        }
        do {
            return .accepted(try await accept(of: view))
        } catch {
            guard error.code == .validationFailed else { throw error }
            guard schema.schema != nil else {
                throw BufferingError(.storeUnavailable, "the schema is not known yet, so nothing can be checked")
            }
            return malformed(raw, [error.path, error.message].compactMap { $0 }.joined(separator: " "))
        }
    }

    private func malformed(_ raw: [UInt8], _ reason: String) -> Adoption.Verdict {
        .malformed(Self.malformedID(raw), FailureRecord(code: "malformed", message: reason, at: now()))
    }

    private static func malformedID(_ raw: [UInt8]) -> TransactionID {
        guard let id = TransactionID("malformed-" + SHA256.hash(raw).hexadecimal) else {
            preconditionFailure("hexadecimal digits make an id")
        }
        return id
    }
}
