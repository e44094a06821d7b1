// SPDX-License-Identifier: MIT

/// Why a byte stream is no stream of frames. Nothing after it can be read: answer, then close.
public enum FrameError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The length is 0.
    case zeroLength
    /// The length exceeds the limit.
    case oversize(bytes: Int, bytesMax: Int)
    /// The first byte alone makes the length exceed the limit: most likely the peer sends no length at all.
    case firstByte(UInt8)
    /// The frame did not end in time. Told by the one who has a clock.
    case incomplete(after: Duration)

    public var description: String {
        switch self {
        case .zeroLength: "The frame's length is 0; a frame holds one JSON-RPC request."
        case .oversize(let bytes, let max): "The frame is \(bytes) bytes long; at most \(max) are allowed."
        case .firstByte: "This is no frame: send a 4-byte big-endian length, then that many bytes of JSON."
        case .incomplete(let time): "The frame did not end within \(time.components.seconds) s."
        }
    }

    /// The error as the peer sees it.
    public var wireError: WireError {
        WireError(.frameError, description, detail: detail)
    }

    private var detail: String {
        switch self {
        case .zeroLength: "zero_length"
        case .oversize: "oversize"
        case .firstByte: "first_byte"
        case .incomplete: "incomplete"
        }
    }
}
