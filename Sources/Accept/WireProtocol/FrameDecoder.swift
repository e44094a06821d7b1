// SPDX-License-Identifier: MIT

/// Turns a stream of bytes into frames: a 4-byte big-endian length, then that many bytes.
///
/// Every byte is copied once. What is held for an unfinished frame is at most twice what has arrived of it, whatever
/// length the peer announced. After an error the decoder takes nothing more.
public struct FrameDecoder: Sendable {
    public static let headerBytes = 4
    /// 4 MiB.
    public static let frameBytesMaxDefault = 4 << 20

    /// The longest payload, in bytes; at most 4 GiB - 1.
    public let frameBytesMax: Int
    private var state = State.header(read: 0, value: 0)

    private enum State {
        case header(read: Int, value: UInt32)
        case payload(length: Int)
        case failed(FrameError)
    }

    private var partial: [UInt8] = []

    public init(frameBytesMax: Int = Self.frameBytesMaxDefault) {
        precondition((1...Int(UInt32.max)).contains(frameBytesMax), "a frame's limit fits its 4-byte length")
        self.frameBytesMax = frameBytesMax
    }

    /// A frame has begun and has not ended.
    public var isInsideFrame: Bool {
        switch state {
        case .header(let read, _): read > 0
        case .payload: true
        case .failed: false
        }
    }

    /// The memory held for an unfinished frame.
    var heldBytes: Int { partial.capacity }

    /// Appends the payloads that `bytes` complete, in order; also those before an error.
    public mutating func feed(
        _ bytes: UnsafeRawBufferPointer, into frames: inout [[UInt8]]
    ) throws(FrameError) {
        var at = 0
        while at < bytes.count {
            switch state {
            case .header(let read, let value):
                try header(read: read + 1, value: value << 8 | UInt32(bytes[at]))
                at += 1
            case .payload(let length):
                let end = at + min(length - partial.count, bytes.count - at)
                payload(UnsafeRawBufferPointer(rebasing: bytes[at..<end]), of: length, into: &frames)
                at = end
            case .failed(let error):
                throw error
            }
        }
        if case .failed(let error) = state { throw error }
    }

    private mutating func header(read: Int, value: UInt32) throws(FrameError) {
        if read == 1, Int(value) << 24 > frameBytesMax { throw fail(.firstByte(UInt8(value))) }
        guard read == Self.headerBytes else {
            state = .header(read: read, value: value)
            return
        }
        guard value > 0 else { throw fail(.zeroLength) }
        guard value <= frameBytesMax else { throw fail(.oversize(bytes: Int(value), bytesMax: frameBytesMax)) }
        state = .payload(length: Int(value))
    }

    private mutating func payload(_ bytes: UnsafeRawBufferPointer, of length: Int, into frames: inout [[UInt8]]) {
        if partial.isEmpty, bytes.count == length {
            frames.append([UInt8](bytes))
            state = .header(read: 0, value: 0)
            return
        }
        let needed = partial.count + bytes.count
        if needed > partial.capacity { partial.reserveCapacity(min(length, max(needed, 2 * partial.capacity))) }
        partial.append(contentsOf: bytes)
        guard needed == length else { return }
        frames.append(partial)
        partial = []
        state = .header(read: 0, value: 0)
    }

    private mutating func fail(_ error: FrameError) -> FrameError {
        state = .failed(error)
        partial = []
        return error
    }
}

extension FrameDecoder {
    /// As ``feed(_:into:)-(UnsafeRawBufferPointer,_)``, for bytes that lie in an array.
    public mutating func feed(_ bytes: [UInt8], into frames: inout [[UInt8]]) throws(FrameError) {
        // The library's closure throws untyped; the error travels beside it.
        var failure: FrameError?
        bytes.withUnsafeBytes { raw in
            do throws(FrameError) {
                try feed(raw, into: &frames)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }
}
