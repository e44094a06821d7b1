// SPDX-License-Identifier: MIT
import JSON
import Keyspace
import TransactionModel

/// An adoption as ``AdoptScript`` takes it: along with the transaction goes the dead letter that its element becomes
/// when the id belongs to other content.
extension ProcedureArguments {
    mutating func append(_ adoption: Adoption) {
        append(adoption.raw)
        let hash = SHA256.hash(adoption.raw)
        switch adoption.verdict {
        case .malformed(let id, let failure):
            append("malformed")
            appendTimes(adoption.at)
            appendDeadLetter(id.string, hash, failure, adoption.at)
        case .accepted(let accept):
            append("accepted")
            appendTimes(adoption.at)
            let failure = FailureRecord(
                code: "transaction_conflict",
                message: "Another program pushed a transaction whose id was accepted before with other content.",
                at: adoption.at)
            appendDeadLetter("malformed-" + hash.hexadecimal, hash, failure, adoption.at)
            append(accept)
        }
    }

    private mutating func appendTimes(_ time: Timestamp) {
        append(time)
        appendMilliseconds(time)
    }

    private mutating func appendDeadLetter(
        _ id: String, _ hash: ContentHash, _ failure: FailureRecord, _ time: Timestamp
    ) {
        let payload = Array("{\"format\":\(StoredTransaction.format),\"transaction_id\":\"\(id)\",\"steps\":[]}".utf8)
        append(id)
        append(payload)
        let createdAt = time.description
        append("{\"hash\":\"\(hash.hexadecimal)\",\"bytes\":\(payload.count),\"created_at\":\"\(createdAt)\"")
        append(failure.json)
    }
}
