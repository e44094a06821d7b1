// SPDX-License-Identifier: MIT

/// Why a payload is no request that could be executed, and the reply to it.
public struct RequestRefusal: Error, Sendable, Hashable {
    /// Nil when no id could be read: the reply says null.
    public let id: RequestID?
    public let error: WireError
    /// False for a notification: it stays without an answer even when it is wrong.
    public let isAnswered: Bool

    /// For what is no request, or names no method: always answered.
    init(answering id: RequestID?, _ error: WireError) {
        self.id = id
        self.error = error
        isAnswered = true
    }

    /// For a request or notification that is well-formed and yet wrong.
    init(of id: RequestID?, _ error: WireError) {
        self.id = id
        self.error = error
        isAnswered = id != nil
    }

    /// Framed; nil where none is due.
    public var reply: [UInt8]? {
        isAnswered ? ReplyWriter.error(id: id, error) : nil
    }
}
