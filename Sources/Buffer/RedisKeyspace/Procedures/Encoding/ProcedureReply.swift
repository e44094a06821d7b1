// SPDX-License-Identifier: MIT
import Keyspace
import TransactionModel

/// The reply of a script, read as one of the outcomes; nil when it is none.
struct ProcedureReply {
    private let value: RESPValue

    init(_ value: RESPValue) { self.value = value }

    var integer: Int64? {
        switch value {
        case .integer(let value): value
        case .bulk(let bytes): Int64(String(decoding: bytes, as: UTF8.self))
        case .null, .status, .array, .error: nil
        }
    }

    var bytes: [UInt8]? {
        if case .bulk(let bytes) = value { bytes } else { nil }
    }

    var text: String? { bytes.map { String(decoding: $0, as: UTF8.self) } }

    var elements: [ProcedureReply]? {
        if case .array(let values) = value { values.map(ProcedureReply.init) } else { nil }
    }

    /// All of the elements, or none.
    private func all<T>(_ transform: (ProcedureReply) -> T?) -> [T]? {
        guard let elements else { return nil }
        let results = elements.compactMap(transform)
        return results.count == elements.count ? results : nil
    }

    var acceptOutcomes: [AcceptOutcome]? {
        all { reply in
            if let parts = reply.elements {
                guard parts.count == 2, let status = parts[0].status, let ids = parts[1].bytes else { return nil }
                return .duplicate(status: status, generatedIDs: ids.isEmpty ? nil : ids)
            }
            switch reply.integer {
            case 1: return .accepted
            case 2: return .conflict
            case 3: return .full
            default: return nil
            }
        }
    }

    private var status: TransactionStatus? { text.flatMap(TransactionStatus.init(rawValue:)) }

    var claim: Reply? {
        guard let parts = elements, parts.count == 2, let claimed = parts[0].all(\.claimed),
            let foreign = parts[1].all(\.bytes)
        else { return nil }
        return .claim(claimed, foreign: foreign)
    }

    private var claimed: ClaimedTransaction? {
        guard let parts = elements, parts.count == 6, let id = parts[0].text.flatMap({ TransactionID($0) }),
            let sequence = parts[1].integer, let payload = parts[2].bytes, let hash = parts[3].contentHash,
            let attempts = parts[4].integer, let claims = parts[5].integer
        else { return nil }
        return ClaimedTransaction(
            transactionID: id, sequence: sequence, payload: payload, contentHash: hash, attempts: Int(attempts),
            unresolvedClaims: Int(claims))
    }

    /// Of 64 hexadecimal digits.
    private var contentHash: ContentHash? {
        guard let digits = bytes, digits.count == 64 else { return nil }
        let halves = digits.compactMap { digit -> UInt8? in
            switch digit {
            case 48...57: digit - 48
            case 97...102: digit - 87
            default: nil
            }
        }
        guard halves.count == 64 else { return nil }
        return ContentHash(bytes: stride(from: 0, to: 64, by: 2).map { halves[$0] << 4 | halves[$0 + 1] })
    }

    func advanceOutcomes(_ count: Int) -> [AdvanceOutcome]? {
        let outcomes: [AdvanceOutcome]? = all { reply in
            if case .integer(let unparked) = reply.value { return .advanced(unparked: Int(unparked)) }
            if reply.text == "unknown" { return .unknown }
            return reply.status.map(AdvanceOutcome.stale)
        }
        return outcomes?.count == count ? outcomes : nil
    }

    var leaseOutcome: LeaseOutcome? {
        guard let parts = elements, let word = parts.first?.text else { return nil }
        switch (word, parts.count) {
        case ("ended", 1): return .ended
        case ("granted", 2): return parts[1].integer.map { .granted(lastToken: $0) }
        case ("refused", 3):
            guard let holder = parts[1].text, let remaining = parts[2].integer else { return nil }
            return .refused(holder: holder, remaining: .milliseconds(remaining))
        default: return nil
        }
    }

    var adoptionOutcome: AdoptionOutcome? {
        switch text {
        case "adopted": .adopted
        case "duplicate": .duplicate
        case "conflict": .conflict
        case "gone": .gone
        default: nil
        }
    }
}
