// SPDX-License-Identifier: MIT
import Testing

@testable import RedisKeyspace

@Suite struct ReplyReaderTests {
    static let table: [(text: String, value: RESPValue)] = [
        ("+OK\r\n", .status(Array("OK".utf8))),
        ("-ERR no\r\n", .error(Array("ERR no".utf8))),
        (":-42\r\n", .integer(-42)),
        (":9223372036854775807\r\n", .integer(.max)),
        ("$3\r\nabc\r\n", .bulk(Array("abc".utf8))),
        ("$0\r\n\r\n", .bulk([])),
        ("$4\r\na\r\nb\r\n", .bulk(Array("a\r\nb".utf8))),
        ("$-1\r\n", .null),
        ("*-1\r\n", .null),
        ("*0\r\n", .array([])),
        ("*2\r\n:1\r\n$-1\r\n", .array([.integer(1), .null])),
        (
            "*3\r\n*1\r\n+a\r\n*0\r\n*2\r\n*1\r\n:1\r\n-E\r\n",
            .array([
                .array([.status(Array("a".utf8))]), .array([]),
                .array([.array([.integer(1)]), .error(Array("E".utf8))]),
            ])
        ),
    ]

    @Test("a reply is read whole, and whatever the pieces in which it comes", arguments: table)
    func reads(_ row: (text: String, value: RESPValue)) throws {
        let bytes = Array(row.text.utf8)
        for size in [bytes.count, 1, 2, 3] {
            let reader = try ReplyReader(replyBytesMax: 4096)
            var found: [RESPValue] = []
            for start in stride(from: 0, to: bytes.count, by: size) {
                #expect(found.isEmpty)
                try feed(reader, bytes[start..<min(start + size, bytes.count)])
                while let reply = try reader.next() { found.append(reply) }
            }
            #expect(found == [row.value], "in pieces of \(size)")
        }
    }

    @Test func `many replies in one read come out one by one and in order`() throws {
        let reader = try ReplyReader(replyBytesMax: 4096)
        try feed(reader, Self.table.flatMap { Array($0.text.utf8) }[...])
        for row in Self.table { #expect(try reader.next() == row.value) }
        #expect(try reader.next() == nil)
    }

    @Test(
        "what is no RESP2, too deep or announced beyond reason ends the reader",
        arguments: [
            "HTTP/1.1 400 Bad Request\r\n", ":12x\r\n", "$99999999999999999999\r\n\r\n", "*9999999999\r\n",
            String(repeating: "*1\r\n", count: 64) + ":1\r\n",
        ])
    func refuses(_ text: String) throws {
        let reader = try ReplyReader(replyBytesMax: 4096)
        #expect(throws: ReplyReader.Failure.self) {
            try feed(reader, Array(text.utf8)[...])
            while try reader.next() != nil {}
        }
    }

    @Test(
        "a reply beyond the limit ends the reader as it arrives",
        arguments: [
            "$5000\r\n" + String(repeating: "x", count: 5000),
            "+" + String(repeating: "x", count: 5000),
            "*2000000000\r\n" + String(repeating: ":1\r\n", count: 500),
            "*500\r\n" + String(repeating: "*1\r\n:1\r\n", count: 500),
        ])
    func isBounded(_ text: String) throws {
        let reader = try ReplyReader(replyBytesMax: 4096)
        let error = #expect(throws: ReplyReader.Failure.self) {
            for byte in text.utf8 {
                try feed(reader, [byte])
                #expect(try reader.next() == nil)
            }
        }
        #expect(error?.message.contains("exceeds") == true)
    }

    /// What a reply of 3 times 100 bytes in nested arrays becomes: 250 bytes are two of them with what holds them.
    @Test(arguments: [1, 7, 100_000], [false, true])
    func `beyond the caller's limit values are dropped, and the stream goes on`(size: Int, isBlock: Bool) throws {
        let long = "$100\r\n" + String(repeating: "x", count: 100) + "\r\n"
        let text = "*4\r\n:1\r\n*3\r\n\(long)\(long)\(long)\(long)+OK\r\n" + ":7\r\n" + long
        let bytes = Array(text.utf8)
        let reader = try ReplyReader(replyBytesMax: 400)
        var found: [RESPValue] = []
        for start in stride(from: 0, to: bytes.count, by: size) {
            try feed(reader, bytes[start..<min(start + size, bytes.count)])
            let limits: [ReplyBuilder.Limit?] = [
                .init(bytes: 250, isBlock: isBlock), nil, .init(bytes: 50, isBlock: false),
            ]
            while let reply = try reader.next(limits[min(found.count, 2)]) { found.append(reply) }
        }
        let large = RESPValue.error(Array("TOOLARGE the reply is larger than may be sent; ask for less".utf8))
        let value = RESPValue.bulk([UInt8](repeating: UInt8(ascii: "x"), count: 100))
        let block = RESPValue.array([.integer(1), large, value, .status(Array("OK".utf8))])
        #expect(found == [isBlock ? block : large, .integer(7), large])
    }

    @Test func `an announced length reserves no memory`() throws {
        let reader = try ReplyReader(replyBytesMax: 4096)
        try feed(reader, Array("*2000000000\r\n$500000000\r\nx".utf8)[...])
        #expect(try reader.next() == nil)
    }

    private func feed(_ reader: ReplyReader, _ bytes: ArraySlice<UInt8>) throws {
        try bytes.withUnsafeBytes { try reader.feed($0) }
    }
}
