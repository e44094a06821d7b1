// SPDX-License-Identifier: MIT
import NIOCore
import Testing

@testable import RedisKeyspace

@Suite struct RequestTests {
    @Test(
        "a command is an array of counted strings",
        arguments: [
            (["PING"], "*1\r\n$4\r\nPING\r\n"),
            (["SET", "", "a\r\n$1"], "*3\r\n$3\r\nSET\r\n$0\r\n\r\n$5\r\na\r\n$1\r\n"),
            (["ECHO", "grüße"], "*2\r\n$4\r\nECHO\r\n$7\r\ngrüße\r\n"),
        ])
    func writes(_ row: (command: [String], bytes: String)) {
        var buffer = ByteBuffer()
        buffer.writeCommand(row.command.map { Array($0.utf8) })
        #expect(String(buffer: buffer) == row.bytes)
    }

    @Test("a length has all its digits", arguments: [0, 9, 10, 99, 100, 12_345, 1_000_000])
    func lengths(_ count: Int) {
        var buffer = ByteBuffer()
        buffer.writeArgument([UInt8](repeating: 120, count: count))
        #expect(buffer.readString(length: "\(count)".count + 3) == "$\(count)\r\n")
        #expect(buffer.readableBytes == count + 2)
    }
}
