// SPDX-License-Identifier: MIT
import NIOCore
import SluiceClient

/// One connection of a load: keeps `depth` requests under way, and writes once for all replies of a read.
final class BenchHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private static let headerBytes = 4

    private let load: BenchLoad
    /// By slot: when its request was written; nil: none is under way.
    private var sentAt: [NIODeadline?]
    private var requests = ByteBuffer()
    /// The beginning of a frame that has not come whole.
    private var partial: ByteBuffer?

    init(_ load: BenchLoad, depth: Int) {
        self.load = load
        sentAt = Array(repeating: nil, count: depth)
    }

    func begin(context: ChannelHandlerContext) {
        let now = NIODeadline.now()
        for slot in sentAt.indices { start(slot, now) }
        flush(context)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        if var joined = partial {
            partial = nil
            joined.writeBuffer(&bytes)
            bytes = joined
        }
        let now = NIODeadline.now()
        let taken = bytes.withUnsafeReadableBytes { take($0, now, context) }
        bytes.moveReaderIndex(forwardBy: taken)
        if bytes.readableBytes > 0 { partial = bytes }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        flush(context)
        load.checkEnd()
    }

    func channelInactive(context: ChannelHandlerContext) {
        load.lostConnection(unanswered: sentAt.count { $0 != nil })
        sentAt = sentAt.map { _ in nil }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    /// Every whole frame; answers how many bytes they were.
    private func take(_ bytes: UnsafeRawBufferPointer, _ now: NIODeadline, _ context: ChannelHandlerContext) -> Int {
        var at = 0
        while bytes.count - at >= Self.headerBytes {
            let length = Int(UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self)))
            let end = at + Self.headerBytes + length
            guard end <= bytes.count else { break }
            took(BenchReply(UnsafeRawBufferPointer(rebasing: bytes[at + Self.headerBytes..<end])), now, context)
            at = end
        }
        return at
    }

    private func took(_ reply: BenchReply, _ now: NIODeadline, _ context: ChannelHandlerContext) {
        switch reply {
        case .done(let slot):
            guard let sent = ended(slot) else { return }
            load.succeeded(after: now - sent, now: now)
            start(slot, now)
        case .failed(let slot, let kind, let milliseconds):
            guard ended(slot) != nil else { return }
            load.failed(kind, now: now)
            guard milliseconds > 0 else { return start(slot, now) }
            context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(milliseconds)) {
                self.start(slot, .now())
                self.flush(context)
                self.load.checkEnd()
            }
        case .stray(let kind):
            load.note(kind)
        }
    }

    private func ended(_ slot: Int) -> NIODeadline? {
        guard sentAt.indices.contains(slot), let sent = sentAt[slot] else {
            load.note("invalid_reply")
            return nil
        }
        sentAt[slot] = nil
        return sent
    }

    private func start(_ slot: Int, _ now: NIODeadline) {
        guard load.start(slot: slot, to: &requests, now: now, milliseconds: UUIDv7.unixMilliseconds()) else { return }
        sentAt[slot] = now
    }

    private func flush(_ context: ChannelHandlerContext) {
        guard requests.readableBytes > 0 else { return }
        context.writeAndFlush(wrapOutboundOut(requests), promise: nil)
        // Mostly the system has taken it at once; then the memory is ours again.
        requests.clear()
    }
}
