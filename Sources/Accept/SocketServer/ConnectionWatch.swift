// SPDX-License-Identifier: MIT
internal import NIOCore

/// Knows since when a peer owes us something: the rest of a frame, or reading what we wrote.
struct ConnectionWatch: Sendable {
    enum Expiry: Sendable, Hashable { case incompleteFrame, slowReader }

    let frameTimeout: TimeAmount
    let readerTimeout: TimeAmount
    private var frameSince: NIODeadline?
    private var waitsSince: NIODeadline?
    private var lookedAt: NIODeadline?
    private var bytesTaken = 0

    init(frameTimeout: TimeAmount, readerTimeout: TimeAmount) {
        self.frameTimeout = frameTimeout
        self.readerTimeout = readerTimeout
    }

    /// When to look again; nil while the peer owes nothing.
    ///
    /// A reader's progress shows only when one looks: four times per timeout, so that it is noticed a quarter late at most.
    var deadline: NIODeadline? {
        let glance = lookedAt.map { $0 + .nanoseconds(max(1, readerTimeout.nanoseconds / 4)) }
        return [frameSince.map { $0 + frameTimeout }, glance].compactMap { $0 }.min()
    }

    /// A frame began and has not ended. `isNew`: it is another one than before.
    mutating func insideFrame(isNew: Bool, now: NIODeadline) {
        if isNew || frameSince == nil { frameSince = now }
    }

    /// Between frames; or we do not read, so that the peer cannot be blamed.
    mutating func outsideFrame() {
        frameSince = nil
    }

    /// `waiting` bytes are left of what was written; `taken` went to the peer since the connection began.
    mutating func output(waiting: Int, taken: Int, now: NIODeadline) {
        guard waiting > 0 else {
            waitsSince = nil
            lookedAt = nil
            return
        }
        lookedAt = now
        if waitsSince == nil || taken > bytesTaken { waitsSince = now }
        bytesTaken = taken
    }

    func expiry(now: NIODeadline) -> Expiry? {
        if let waitsSince, now >= waitsSince + readerTimeout { return .slowReader }
        if let frameSince, now >= frameSince + frameTimeout { return .incompleteFrame }
        return nil
    }
}
