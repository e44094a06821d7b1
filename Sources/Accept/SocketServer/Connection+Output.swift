// SPDX-License-Identifier: MIT
internal import Logging
internal import NIOCore

/// What goes out.
extension Connection {
    /// From any thread. Frames leave in the order of the calls.
    nonisolated func send(_ frame: [UInt8]) -> Bool {
        switch outbox.add(frame) {
        case .queued:
            return true
        case .needsFlush:
            onLoop { $0.flush() }
            return true
        case .closed:
            return false
        case .overflow:
            onLoop { $0.cutOff(because: "replies exceed outboundBytesMax") }
            return false
        }
    }

    /// From any thread. What waits is lost.
    nonisolated func close() {
        outbox.close()
        channel.close(promise: nil)
    }

    /// As ``send(_:)``, on the loop: while requests are being started, the flush comes after the last of them.
    func add(_ frame: [UInt8]) {
        switch outbox.add(frame) {
        case .queued, .closed: return
        case .needsFlush: if !isStarting { executor.atEndOfTurn { self.assumeIsolated { $0.flush() } } }
        case .overflow: cutOff(because: "replies exceed outboundBytesMax")
        }
    }

    /// Hands everything that waits to the channel, in one write.
    func flush() {
        let reused = emptied
        emptied = nil
        guard let batch = outbox.take(reusing: reused) else { return }
        // Nothing was left when one looked last: then nothing is left now.
        let waiting = bytesLeft == 0 ? 0 : bytesWaiting
        guard waiting + batch.readableBytes <= configuration.outboundBytesMax else {
            cutOff(because: "replies exceed outboundBytesMax")
            return
        }
        bytesWritten += batch.readableBytes
        channel.writeAndFlush(batch, promise: nil)
        if batch.capacity <= Outbox.keptBytesMax { emptied = batch }
        watchOutput()
    }

    /// Looks how far the peer has read.
    func watchOutput() {
        let waiting = bytesWaiting
        bytesLeft = waiting
        watch.output(waiting: waiting, taken: bytesWritten - waiting, now: waiting > 0 ? .now() : .distantPast)
        if waiting > 0 { keepWatch() }
    }

    /// The client does not read: it alone pays.
    func cutOff(because reason: String) {
        // The client sees a lost connection, and this line alone says why.
        logger.info("slow reader cut off", metadata: ["reason": "\(reason)"])
        close()
    }

    /// Of what was handed to the channel, the bytes that the system has not taken.
    private var bytesWaiting: Int {
        (try? channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
    }

    nonisolated func onLoop(_ body: @escaping @Sendable (isolated Connection) -> Void) {
        channel.eventLoop.execute { self.assumeIsolated(body) }
    }
}
