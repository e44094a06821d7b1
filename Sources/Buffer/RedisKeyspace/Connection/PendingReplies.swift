// SPDX-License-Identifier: MIT
import NIOCore

/// Who waits for what: requests in the order in which they were written, and so in the order of their replies.
///
/// A value without I/O. The connection owns it and never takes a request out of its turn: so no reply reaches anybody
/// but the one whose request it answers.
struct PendingReplies<Receiver> {
    private struct Entry {
        let receiver: Receiver
        let deadline: NIODeadline
        let replies: Int
        let weight: Int
        let limit: ReplyBuilder.Limit?
    }

    private var entries = CircularBuffer<Entry>()
    /// So many of the first were handed to the channel.
    private var sent = 0
    /// What the first of them has received.
    private var collected: [RESPValue] = []
    private var collectedBytes = 0
    /// Operations that wait.
    private(set) var weight = 0

    var isEmpty: Bool { entries.isEmpty }

    /// When the first of them has waited too long. Later ones can't be due before: all wait equally long.
    var deadline: NIODeadline? { entries.first?.deadline }

    /// What the next reply may hold; nil: whatever it is.
    var limit: ReplyBuilder.Limit? {
        guard let first = entries.first, let limit = first.limit else { return nil }
        return .init(
            bytes: limit.bytes - collectedBytes, isBlock: limit.isBlock && collected.count == first.replies - 1)
    }

    /// - Parameters:
    ///   - weight: How many operations it stands for.
    ///   - limit: What the replies may hold together; of a block the last is that of EXEC.
    mutating func append(
        _ receiver: Receiver, replies: Int, weight: Int = 1, limit: ReplyBuilder.Limit? = nil, deadline: NIODeadline
    ) {
        precondition(replies > 0, "A request is answered at least once.")
        let weight = max(replies, weight)
        entries.append(Entry(receiver: receiver, deadline: deadline, replies: replies, weight: weight, limit: limit))
        self.weight += weight
    }

    /// Everything appended so far was handed to the channel.
    mutating func markSent() { sent = entries.count }

    enum Receipt {
        case waits
        case complete(Receiver, [RESPValue])
        /// Nobody asked for it.
        case unrequested
    }

    mutating func receive(_ value: RESPValue, bytes: Int = 0) -> Receipt {
        guard sent > 0, let first = entries.first else { return .unrequested }
        collected.append(value)
        collectedBytes += bytes
        guard collected.count == first.replies else { return .waits }
        defer { (collected, collectedBytes) = ([], 0) }
        entries.removeFirst()
        sent -= 1
        weight -= first.weight
        return .complete(first.receiver, collected)
    }

    /// Takes everybody out: the connection has ended.
    mutating func removeAll() -> [(receiver: Receiver, wasSent: Bool)] {
        let all = entries.enumerated().map { (receiver: $0.element.receiver, wasSent: $0.offset < sent) }
        entries.removeAll()
        (collected, collectedBytes) = ([], 0)
        sent = 0
        weight = 0
        return all
    }
}
