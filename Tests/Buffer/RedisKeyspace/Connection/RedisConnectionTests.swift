// SPDX-License-Identifier: MIT
import NIOCore
import NIOEmbedded
import Testing

@testable import RedisKeyspace

/// The connection on a channel and a clock of the test's own.
@Suite struct RedisConnectionTests {
    private let channel = EmbeddedChannel()
    private let connection: RedisConnection

    init() throws {
        let settings = try Fixture.settings("redis://h") {
            $0.replyTimeout = .seconds(10)
            $0.operationsMax = 4
            $0.replyBytesMax = 1000
        }
        connection = try RedisConnection(settings, on: channel.eventLoop)
        try channel.pipeline.syncOperations.addHandler(connection)
        try channel.connect(to: SocketAddress(unixDomainSocketPath: "/x")).wait()
    }

    @Test func `what is sent in one turn of the loop travels as one write`() throws {
        let first = request("A")
        let second = request("B", "C")
        #expect(try channel.readOutbound(as: ByteBuffer.self) == nil)
        turn()
        #expect(try written() == ["*1\r\n$1\r\nA\r\n*1\r\n$1\r\nB\r\n*1\r\n$1\r\nC\r\n"])
        try receive("+1\r\n:2")
        #expect(first.replies == [.status([0x31])])
        #expect(second.replies == nil)
        try receive("\r\n$-1\r\n")
        #expect(second.replies == [.integer(2), .null])
    }

    @Test func `while the server does not read nothing more is written, and it goes out as one when it does`() throws {
        channel.isWritable = false
        _ = request("A")
        turn()
        _ = request("B")
        turn()
        #expect(try written() == [])
        channel.isWritable = true
        channel.pipeline.fireChannelWritabilityChanged()
        #expect(try written() == ["*1\r\n$1\r\nA\r\n*1\r\n$1\r\nB\r\n"])
    }

    @Test func `a reply that is late ends the connection, and it finds nobody when it comes`() throws {
        let first = request("A")
        turn()
        channel.embeddedEventLoop.advanceTime(by: .seconds(6))
        let second = request("B")
        turn()
        channel.embeddedEventLoop.advanceTime(by: .seconds(4))
        #expect(first.failure == .unanswered("Redis gave no reply in time."))
        #expect(second.failure == .unanswered("Redis gave no reply in time."))
        #expect(!connection.isAlive)
        try receive("+late\r\n")
        #expect(first.replies == nil && second.replies == nil)
        #expect(request("C").failure == .unsent("Redis gave no reply in time."))
    }

    @Test func `the time of a request begins when it is sent, not when the one before was`() throws {
        let first = request("A")
        turn()
        channel.embeddedEventLoop.advanceTime(by: .seconds(6))
        let second = request("B")
        turn()
        try receive("+1\r\n")
        #expect(first.replies != nil)
        channel.embeddedEventLoop.advanceTime(by: .seconds(6))
        #expect(connection.isAlive)
        channel.embeddedEventLoop.advanceTime(by: .seconds(4))
        #expect(second.failure == .unanswered("Redis gave no reply in time."))
    }

    @Test func `when the connection ends, what was sent is unanswered and what was not is unsent`() throws {
        let sent = request("A")
        turn()
        let unsent = request("B")
        var reasons: [String] = []
        connection.whenDead { reasons.append($0) }
        channel.pipeline.fireChannelInactive()
        #expect(sent.failure == .unanswered("Redis closed the connection."))
        #expect(unsent.failure == .unsent("Redis closed the connection."))
        #expect(reasons == ["Redis closed the connection."])
    }

    @Test(
        "what nobody asked for, or nobody can read, ends the connection",
        arguments: [
            ("+OK\r\n", "nobody asked"), ("-ERR max number of clients reached\r\n", "(ERR)"), ("HTTP/1.1\r\n", "RESP2"),
            ("$2000\r\n" + String(repeating: "x", count: 1900), "exceeds"),
        ])
    func unrequested(_ row: (bytes: String, reason: String)) throws {
        var reasons: [String] = []
        connection.whenDead { reasons.append($0) }
        try receive(row.bytes)
        #expect(reasons.count == 1 && reasons[0].contains(row.reason), "\(reasons)")
    }

    @Test func `replies before the end are delivered, what comes with them and nobody asked for is not`() throws {
        let first = request("A")
        turn()
        try receive("+1\r\n+2\r\n")
        #expect(first.replies == [.status([0x31])])
        #expect(!connection.isAlive)
    }

    @Test func `too many waiting replies are refused as busy, and room is made by replies`() throws {
        _ = request("A", "B", "C", "D")
        #expect(request("E").failure == .busy)
        turn()
        try receive("+1\r\n+2\r\n+3\r\n+4\r\n")
        #expect(request("F").failure == nil)
    }

    // MARK: The other end

    private final class Outcome: @unchecked Sendable {
        // Set and read on the test's thread, which is the embedded loop's.
        var replies: [RESPValue]?
        var failure: ConnectionFailure?
    }

    private func request(_ names: String...) -> Outcome {
        let outcome = Outcome()
        connection.request(names.map { [Array($0.utf8)] }).whenComplete { result in
            switch result {
            case .success(let replies): outcome.replies = replies
            case .failure(let error): outcome.failure = error as? ConnectionFailure
            }
        }
        return outcome
    }

    private func turn() { channel.embeddedEventLoop.run() }

    private func receive(_ text: String) throws { try channel.writeInbound(ByteBuffer(string: text)) }

    private func written() throws -> [String] {
        var all: [String] = []
        while let buffer = try channel.readOutbound(as: ByteBuffer.self) { all.append(String(buffer: buffer)) }
        return all
    }
}
