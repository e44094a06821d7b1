// SPDX-License-Identifier: MIT
internal import NIOCore
internal import WireProtocol

/// Cuts a channel's bytes into frames and hands them to the session.
final class ConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let session: Session
    private let generation: Int
    private var decoder: FrameDecoder

    init(_ session: Session, _ generation: Int) {
        self.session = session
        self.generation = generation
        decoder = FrameDecoder(frameBytesMax: session.configuration.frameBytesMax)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        var frames: [[UInt8]] = []
        var failure: FrameError?
        bytes.withUnsafeReadableBytes { raw in
            do throws(FrameError) {
                try decoder.feed(raw, into: &frames)
            } catch {
                failure = error
            }
        }
        let generation = generation
        session.assumeIsolated { session in
            for frame in frames { session.received(frame, generation) }
            if let failure { session.broke(.invalidReply(failure.description), generation) }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        let generation = generation
        session.assumeIsolated { $0.vanished(generation) }
    }
}
