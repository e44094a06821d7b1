// SPDX-License-Identifier: MIT
import JSON

/// What the load needs to know of a reply: which slot it answers, and whether it is an error.
enum BenchReply: Equatable {
    case done(slot: Int)
    case failed(slot: Int, kind: String, retryAfterMilliseconds: Int64)
    /// It answers no slot: the peer speaks about the connection, or another protocol.
    case stray(kind: String)

    /// Replies as the sidecar writes them are told by a few bytes at fixed places; others, and errors, are parsed.
    init(_ payload: UnsafeRawBufferPointer) {
        if let slot = Self.slotOfResult(payload) {
            self = .done(slot: slot)
        } else {
            self = Self.parse([UInt8](payload))
        }
    }

    private static let prefix = Array(#"{"jsonrpc":"2.0","id":"#.utf8)
    private static let infix = Array(#","result":"#.utf8)

    private static func slotOfResult(_ payload: UnsafeRawBufferPointer) -> Int? {
        let idEnd = prefix.count + BenchTemplate.idDigits
        guard payload.count > idEnd + infix.count else { return nil }
        for place in 0..<prefix.count where payload[place] != prefix[place] { return nil }
        for place in 0..<infix.count where payload[idEnd + place] != infix[place] { return nil }
        var number = 0
        for place in prefix.count..<idEnd {
            let digit = payload[place] &- UInt8(ascii: "0")
            guard digit < 10 else { return nil }
            number = 10 * number + Int(digit)
        }
        return number >= BenchTemplate.firstID ? number - BenchTemplate.firstID : nil
    }

    private static func parse(_ payload: [UInt8]) -> BenchReply {
        guard let root = try? JSONDocument(parsing: payload).root else { return .stray(kind: "invalid_reply") }
        let data = root["error"]?["data"]
        let kind = root["error"].map { _ in data?["kind"]?.string ?? "internal_error" }
        guard let id = root["id"]?.int64,
            (0..<Int64(BenchTemplate.slotsMax)).contains(id - Int64(BenchTemplate.firstID))
        else { return .stray(kind: kind ?? "invalid_reply") }
        let slot = Int(id) - BenchTemplate.firstID
        guard let kind else { return .done(slot: slot) }
        return .failed(slot: slot, kind: kind, retryAfterMilliseconds: data?["retry_after_ms"]?.int64 ?? 0)
    }
}
