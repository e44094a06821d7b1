// SPDX-License-Identifier: MIT
import JSON
import Keyspace
import TransactionModel

/// The arguments of a script, as bytes, in the order in which its documentation has them.
struct ProcedureArguments {
    private(set) var list: [[UInt8]] = []

    init() { list.reserveCapacity(24) }

    mutating func append(_ bytes: [UInt8]) { list.append(bytes) }

    mutating func append(_ text: String) { list.append(Array(text.utf8)) }

    mutating func append(_ number: some BinaryInteger) { append(String(number)) }

    mutating func append(_ time: Timestamp) { append(time.description) }

    /// In whole ms: the scores of the sorted sets by time.
    mutating func appendMilliseconds(_ time: Timestamp) { append(time.microseconds.flooredMilliseconds) }

    /// A list after its count.
    mutating func append(_ texts: [String]) {
        append(texts.count)
        for text in texts { append(text) }
    }

    /// What `write` appends, after the count of it.
    mutating func appendCounted(_ write: (inout Self) -> Void) {
        let place = list.count
        list.append([])
        write(&self)
        list[place] = Array(String(list.count - place - 1).utf8)
    }

    mutating func append(_ claim: Claim) {
        append(claim.token)
        append(claim.transactionsMax)
        append(claim.bytesMax)
        append(claim.suspectClaims)
        append(claim.at)
    }

    mutating func append(_ release: Release) {
        append(release.at)
        for transaction in release.transactions {
            append(transaction.transactionID.string)
            append(transaction.records.map(\.keySuffix))
        }
    }

    mutating func append(_ read: OverlayRead) {
        append(RecordKey.encoded(read.model))
        append(read.entriesMax)
        append(read.bytesMax)
        append(read.after.map { "(" + $0 } ?? "")
        append(read.records != nil ? "1" : read.unnamedOnly ? "2" : "0")
        guard let records = read.records else { return }
        let after = read.after.map { Array($0.utf8) }
        // In order, each once, and without what was read before.
        let wanted = Set(records.map { Array($0.utf8) }).filter { after?.lexicographicallyPrecedes($0) ?? true }
        list += wanted.sorted { $0.lexicographicallyPrecedes($1) }
    }

    mutating func append(_ request: LeaseRequest) {
        var token: Int64 = 0
        switch request.action {
        case .acquire: append("acquire")
        case .confirm(let confirmed):
            append("confirm")
            token = confirmed
        case .giveUp: append("giveUp")
        }
        append(token)
        append(JSONValue.string(request.holder).bytes)
        append(max(1, request.timeToLive.milliseconds))
    }
}

extension FailureRecord {
    /// As the status record shows it.
    var json: [UInt8] {
        var writer = JSONWriter(capacity: 128)
        writer.beginObject()
        writer.member("code", code)
        writer.member("message", message)
        writer.member("at", at.description)
        writer.endObject()
        return writer.bytes
    }
}

extension Int64 {
    /// Microseconds to ms, towards the past.
    var flooredMilliseconds: Int64 { self >= 0 ? self / 1000 : (self - 999) / 1000 }
}
