// SPDX-License-Identifier: MIT
internal import NIOCore
internal import Synchronization

/// Frames on their way to the channel: everything that is added during one turn of the event loop leaves in one write.
final class Outbox: Sendable {
    enum Added {
        /// A flush is on its way already.
        case queued
        /// The caller brings a flush about.
        case needsFlush
        /// Nothing was added.
        case closed
        /// Nothing was added, and the outbox closed itself: the client does not read.
        case overflow
    }

    /// What is kept of an emptied buffer for the next turn.
    static let keptBytesMax = 8 << 10

    private struct State {
        var buffer: ByteBuffer
        var isFlushComing = false
        var isOpen = true
    }

    private let bytesMax: Int
    private let state: Mutex<State>

    init(bytesMax: Int, allocator: ByteBufferAllocator) {
        self.bytesMax = bytesMax
        state = Mutex(State(buffer: allocator.buffer(capacity: 0)))
    }

    func add(_ frame: [UInt8]) -> Added {
        state.withLock { state in
            guard state.isOpen else { return .closed }
            guard state.buffer.readableBytes + frame.count <= bytesMax else {
                state.isOpen = false
                return .overflow
            }
            state.buffer.writeBytes(frame)
            if state.isFlushComing { return .queued }
            state.isFlushComing = true
            return .needsFlush
        }
    }

    /// Nil when nothing waits. `emptied` is an earlier buffer, whose memory is used again if nobody else holds it.
    func take(reusing emptied: consuming ByteBuffer?) -> ByteBuffer? {
        var next = emptied ?? ByteBuffer()
        if next.capacity <= Self.keptBytesMax { next.clear() } else { next = ByteBuffer() }
        return state.withLock { state in
            state.isFlushComing = false
            guard state.buffer.readableBytes > 0 else { return nil }
            swap(&state.buffer, &next)
            return next
        }
    }

    func close() {
        state.withLock { $0.isOpen = false }
    }
}
