// SPDX-License-Identifier: MIT

/// Compares what the keyspace says of itself with what was acknowledged here.
///
/// The sequence grows by one with each accept, so each acknowledgement raises the least it can be by one. But an accept
/// that is under way while the sequence is read may be counted in it or not: only one that began after a look and was
/// acknowledged before the next one began is counted here.
struct EpochWatch: Sendable {
    /// What a submission is worth when it is acknowledged.
    struct Ticket: Sendable, Equatable { fileprivate var look: Int }

    private(set) var mark: EpochMark?
    private var look = 0
    private var isLooking = false

    init(_ lastSeen: EpochMark? = nil) { mark = lastSeen }

    /// To be drawn when accepts are submitted.
    var ticket: Ticket { Ticket(look: look) }

    mutating func acknowledged(_ accepts: Int, _ ticket: Ticket) {
        if ticket.look == look, !isLooking { mark?.sequence += Int64(accepts) }
    }

    /// The keyspace is about to be read; if that fails, it will be read again some time.
    mutating func beginLook() {
        look += 1
        isLooking = true
    }

    /// The keyspace was read. Answers in what way it is behind, once for each time it fell back.
    mutating func saw(_ found: EpochMark) -> SetBack? {
        look += 1
        isLooking = false
        let expected = mark
        mark = found
        guard let expected else { return nil }
        // One that could not be made yet is no other one.
        if !expected.id.isEmpty, expected.id != found.id { return SetBack(.replaced, expected: expected, found: found) }
        return found.sequence < expected.sequence ? SetBack(.older, expected: expected, found: found) : nil
    }
}
