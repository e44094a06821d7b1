// SPDX-License-Identifier: MIT
import Foundation
import JSON
import NIOCore
import NIOPosix
import Synchronization
import WireProtocol

@testable import SluiceClient

/// A sidecar whose answers a test writes: it gets every request, and says what happens on its connection.
final class FakeSidecar: Sendable {
    struct Request: Sendable {
        /// Counted from 0 over the sidecar's life.
        let connection: Int
        let id: JSONValue
        let method: String
        let params: JSONValue
    }

    enum Act: Sendable {
        case result(JSONValue)
        /// Under another request's id.
        case resultTo(JSONValue, JSONValue)
        case error(SluiceClientErrorText)
        case refuse(SluiceClientErrorText)
        case notify(JSONValue)
        /// Bytes as they are, of which each part is written by itself.
        case bytes([UInt8])
        case cut
    }

    /// An error member, as text.
    typealias SluiceClientErrorText = String

    typealias Script = @Sendable (Request) -> [Act]

    let path: String
    private let directory: URL
    private let channel: Mutex<(any Channel)?> = Mutex(nil)
    private let connectionCount = Mutex(0)
    let requests = Mutex<[Request]>([])

    private init() {
        directory = FileManager.default.temporaryDirectory.appending(path: "sluice-\(UUID().uuidString.prefix(8))")
        path = directory.appending(path: "s").path
    }

    /// Listens while `body` runs.
    static func run<Value>(
        _ script: @escaping Script, _ body: (FakeSidecar) async throws -> Value
    ) async throws -> Value {
        let sidecar = FakeSidecar()
        try FileManager.default.createDirectory(at: sidecar.directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: sidecar.directory) }
        try await sidecar.listen(script)
        let value: Value
        do {
            value = try await body(sidecar)
        } catch {
            try await sidecar.stop()
            throw error
        }
        try await sidecar.stop()
        return value
    }

    func listen(_ script: @escaping Script) async throws {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let number = self.connectionCount.withLock { count in
                        defer { count += 1 }
                        return count
                    }
                    try channel.pipeline.syncOperations.addHandler(FakeHandler(self, number, script))
                }
            }
            .bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true).get()
        self.channel.withLock { $0 = channel }
    }

    func stop() async throws {
        let channel = channel.withLock { channel in
            defer { channel = nil }
            return channel
        }
        try await channel?.close().get()
    }

    var methods: [String] { requests.withLock { $0.map(\.method) } }
}

private final class FakeHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let sidecar: FakeSidecar
    private let number: Int
    private let script: FakeSidecar.Script
    private var decoder = FrameDecoder()

    init(_ sidecar: FakeSidecar, _ number: Int, _ script: @escaping FakeSidecar.Script) {
        self.sidecar = sidecar
        self.number = number
        self.script = script
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var frames: [[UInt8]] = []
        do {
            try decoder.feed(Array(unwrapInboundIn(data).readableBytesView), into: &frames)
            for frame in frames { try answer(try JSONValue(parsing: frame), context) }
        } catch {
            context.close(promise: nil)
        }
    }

    private func answer(_ value: JSONValue, _ context: ChannelHandlerContext) throws {
        let request = FakeSidecar.Request(
            connection: number, id: value["id"] ?? .null, method: value["method"]?.string ?? "",
            params: value["params"] ?? .null)
        sidecar.requests.withLock { $0.append(request) }
        for act in script(request) {
            switch act {
            case .result(let result): write(["jsonrpc": "2.0", "id": request.id, "result": result], context)
            case .resultTo(let id, let result): write(["jsonrpc": "2.0", "id": id, "result": result], context)
            case .error(let text):
                write(["jsonrpc": "2.0", "id": request.id, "error": try JSONValue(parsing: text)], context)
            case .refuse(let text):
                write(["jsonrpc": "2.0", "id": .null, "error": try JSONValue(parsing: text)], context)
            case .notify(let params):
                write(["jsonrpc": "2.0", "method": "transaction.event", "params": params], context)
            case .bytes(let bytes):
                context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
            case .cut: context.close(promise: nil)
            }
        }
    }

    private func write(_ value: JSONValue, _ context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: Frame.encode(value.bytes))), promise: nil)
    }
}
