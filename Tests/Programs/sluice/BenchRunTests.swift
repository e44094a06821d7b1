// SPDX-License-Identifier: MIT
import Foundation
import NIOCore
import NIOPosix
import Testing

@testable import sluice

@Suite("A load, against a server that answers by a rule", .timeLimit(.minutes(10)))
struct BenchRunTests {
    private static let refusal =
        #","error":{"code":-32000,"message":"","data":{"kind":"buffer_full","retryable":true,"retry_after_ms":1}}}"#

    /// Answers each request's id, each reply in two pieces; every third is refused where `refuses`; ends after `replies`,
    /// or says nothing more where `hangs`.
    private final class Server: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
        let refuses: Bool
        let hangs: Bool
        var repliesLeft: Int
        var count = 0
        var held = ByteBuffer()

        init(refuses: Bool, hangs: Bool, replies: Int) {
            self.refuses = refuses
            self.hangs = hangs
            repliesLeft = replies
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            var bytes = unwrapInboundIn(data)
            held.writeBuffer(&bytes)
            while let length = held.getInteger(at: held.readerIndex, as: UInt32.self),
                let frame = held.getSlice(at: held.readerIndex + 4, length: Int(length))
            {
                held.moveReaderIndex(forwardBy: 4 + Int(length))
                guard repliesLeft > 0 else {
                    if !hangs { context.close(promise: nil) }
                    return
                }
                repliesLeft -= 1
                count += 1
                let id = frame.getString(at: frame.readerIndex + 22, length: 4) ?? ""
                let tail = refuses && count % 3 == 0 ? BenchRunTests.refusal : #","result":{}}"#
                let text = #"{"jsonrpc":"2.0","id":"# + id + tail
                var reply = ByteBuffer(integer: UInt32(text.utf8.count))
                reply.writeString(text)
                if let first = reply.readSlice(length: 9) {
                    context.writeAndFlush(wrapOutboundOut(first), promise: nil)
                }
                context.writeAndFlush(wrapOutboundOut(reply), promise: nil)
            }
        }
    }

    private func load(
        connections: Int, depth: Int, count: Int, payloadBytes: Int = 100, refuses: Bool = false, hangs: Bool = false,
        replies: Int = .max
    ) async throws -> BenchReport.Load {
        let path = FileManager.default.temporaryDirectory.appending(path: "sb-\(UUID().uuidString.prefix(8))").path
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        Server(refuses: refuses, hangs: hangs, replies: replies))
                }
            }
            .bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true).get()
        var run = BenchRun(
            path: path, connections: connections, depth: depth,
            template: .buffer(model: "m", payloadBytes: payloadBytes),
            count: count, duration: nil)
        if hangs { run.silenceMax = .seconds(3) }
        let result: BenchReport.Load
        do {
            result = try await run.run()
        } catch {
            try await channel.close().get()
            throw error
        }
        try await channel.close().get()
        return result
    }

    @Test("All requests are made and answered, on any shape", arguments: [(1, 1), (4, 1), (3, 16)])
    func complete(connections: Int, depth: Int) async throws {
        let load = try await load(connections: connections, depth: depth, count: 500)
        #expect(load.succeeded == 500)
        #expect(load.errors == [:])
        #expect(load.unanswered == 0)
        #expect(load.latencies.map(\.name) == ["p50", "p90", "p99", "p99.9", "max"])
        #expect(load.latencies.allSatisfy { $0.nanoseconds > 0 })
    }

    @Test("Requests larger than the system takes at once leave whole", arguments: [(1, 1), (2, 4)])
    func large(connections: Int, depth: Int) async throws {
        let load = try await load(connections: connections, depth: depth, count: 20, payloadBytes: 1_000_000)
        #expect(load.succeeded == 20)
        #expect(load.errors == [:])
    }

    @Test("Refused requests are counted by kind, and the load goes on")
    func refused() async throws {
        let load = try await load(connections: 1, depth: 2, count: 90, refuses: true)
        #expect(load.succeeded == 60)
        #expect(load.errors == ["buffer_full": 30])
    }

    @Test("A server that falls silent does not hold the load for ever")
    func silent() async throws {
        let load = try await load(connections: 2, depth: 1, count: 1000, hangs: true, replies: 10)
        #expect(load.succeeded == 20)
        #expect(load.unanswered == 2)
    }

    @Test("A lost connection ends its part, and is told")
    func lost() async throws {
        let load = try await load(connections: 2, depth: 1, count: 1000, replies: 10)
        #expect(load.succeeded == 20)
        #expect(load.errors == ["connection_lost": 2])
    }
}
