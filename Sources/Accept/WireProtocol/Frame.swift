// SPDX-License-Identifier: MIT

/// The frame around a payload: its length in 4 bytes, big-endian.
public enum Frame {
    /// The payload behind its header, in a new array.
    public static func encode(_ payload: some Collection<UInt8>) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(FrameDecoder.headerBytes + payload.count)
        beginHeader(in: &bytes)
        bytes.append(contentsOf: payload)
        endHeader(in: &bytes)
        return bytes
    }

    /// Keeps the header's place free in an empty array; the payload is appended behind it.
    static func beginHeader(in bytes: inout [UInt8]) {
        precondition(bytes.isEmpty, "a frame begins with its header")
        for _ in 0..<FrameDecoder.headerBytes { bytes.append(0) }
    }

    /// Writes the length of what stands behind the header's place.
    static func endHeader(in bytes: inout [UInt8]) {
        let length = bytes.count - FrameDecoder.headerBytes
        precondition(length > 0 && length <= Int(UInt32.max), "a frame's payload has 1 byte to 4 GiB - 1")
        for place in 0..<FrameDecoder.headerBytes {
            bytes[place] = UInt8(truncatingIfNeeded: length >> (8 * (FrameDecoder.headerBytes - 1 - place)))
        }
    }
}
