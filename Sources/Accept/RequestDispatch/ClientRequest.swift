// SPDX-License-Identifier: MIT
public import WireProtocol

/// One frame of a client, read.
public enum ClientRequest: Sendable {
    case call(RequestEnvelope)
    /// It is no request; the framed reply to that, if one is due.
    case refused([UInt8]?)

    /// Reads the payload of a frame.
    public init(_ payload: [UInt8]) {
        do {
            self = .call(try RequestEnvelope(parsing: payload))
        } catch {
            self = .refused(error.reply)
        }
    }
}
