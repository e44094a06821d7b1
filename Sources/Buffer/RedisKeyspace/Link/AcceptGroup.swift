// SPDX-License-Identifier: MIT
import Keyspace

/// Accepts that several callers submitted in one turn of the event loop: they travel as one call of the script, which
/// checks and writes each on its own. What one call costs the server besides its accepts is paid once for all of them.
struct AcceptGroup<Member> {
    /// Bounds for how long one call may keep the server.
    ///
    /// Measured with 64 outstanding, best of five on a busy machine: 26,600/s with 1, 42,000 with 8 and 16, 52,600 with
    /// 32, and 46,900 with 64, for then we and the server wait for each other.
    static var acceptsMax: Int { 32 }
    static var bytesMax: Int { 256 << 10 }

    private(set) var accepts: [Accept] = []
    private(set) var members: [Member] = []
    private var bytes = 0

    var isEmpty: Bool { accepts.isEmpty }

    var isFull: Bool { accepts.count >= Self.acceptsMax || bytes >= Self.bytesMax }

    mutating func add(_ accept: Accept, _ member: Member) {
        accepts.append(accept)
        members.append(member)
        bytes += accept.payload.count
    }
}

extension AcceptGroup<RedisConnection.Continuation> {
    /// Each member gets its element of the one reply, as if it had asked alone.
    func share(_ answer: RedisConnection.Answer) {
        if case .success(let replies) = answer, case .array(let items)? = replies.first, items.count == members.count {
            for (member, item) in zip(members, items) { member.resume(returning: .success([.array([item])])) }
        } else {
            // An error is everybody's: the script was refused before it wrote anything.
            for member in members { member.resume(returning: answer) }
        }
    }
}
