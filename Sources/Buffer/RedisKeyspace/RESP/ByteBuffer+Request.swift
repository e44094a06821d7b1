// SPDX-License-Identifier: MIT
import NIOCore

/// Requests as RESP writes them: an array of bulk strings, straight into the outgoing buffer.
///
/// Measured against redisFormatCommandArgv at an accept of 17 arguments: no block to allocate, copy and free.
extension ByteBuffer {
    /// `*{count}\r\n`: so many arguments follow.
    mutating func writeRequest(of count: Int) { writeLength(UInt8(ascii: "*"), count) }

    mutating func writeArgument(_ bytes: [UInt8]) {
        writeLength(UInt8(ascii: "$"), bytes.count)
        writeBytes(bytes)
        writeEnd()
    }

    mutating func writeArgument(_ text: StaticString) {
        writeLength(UInt8(ascii: "$"), text.utf8CodeUnitCount)
        writeStaticString(text)
        writeEnd()
    }

    mutating func writeArgument(_ text: String) {
        writeLength(UInt8(ascii: "$"), text.utf8.count)
        writeString(text)
        writeEnd()
    }

    mutating func writeCommand(_ arguments: [[UInt8]]) {
        writeRequest(of: arguments.count)
        for argument in arguments { writeArgument(argument) }
    }

    private mutating func writeEnd() { writeInteger(0x0D0A as UInt16) }

    private mutating func writeLength(_ kind: UInt8, _ count: Int) {
        writeWithUnsafeMutableBytes(minimumWritableBytes: 24) { bytes in
            bytes[0] = kind
            var digits = 1
            var rest = count
            while rest >= 10 {
                rest /= 10
                digits += 1
            }
            rest = count
            for place in stride(from: digits, to: 0, by: -1) {
                bytes[place] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            }
            bytes[digits + 1] = UInt8(ascii: "\r")
            bytes[digits + 2] = UInt8(ascii: "\n")
            return digits + 3
        }
    }
}
