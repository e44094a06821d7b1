// SPDX-License-Identifier: MIT
import Foundation
import Synchronization

/// One connection through the proxy. A thread per direction reads; where there is a delay, another one writes.
final class Link: Sendable {
    private let client: Int32
    private let server: Int32
    private let delay: Duration
    private let cutAt: ByteProxy.Cut?
    private let count: @Sendable (ByteProxy.Direction, Int) -> Void
    private let onCut: @Sendable () -> Void
    private let ended = Mutex(0)
    private let isCut = Mutex(false)

    init(
        client: Int32, server: Int32, delay: Duration, cut: ByteProxy.Cut?,
        count: @escaping @Sendable (ByteProxy.Direction, Int) -> Void, onCut: @escaping @Sendable () -> Void
    ) {
        self.client = client
        self.server = server
        self.delay = delay
        cutAt = cut
        self.count = count
        self.onCut = onCut
    }

    var isDone: Bool { ended.withLock { $0 == 2 } }

    func start() {
        for direction in ByteProxy.Direction.allCases {
            Thread.detachNewThread { self.pump(direction) }
        }
    }

    /// Both sides see the end at once.
    func cut() {
        isCut.withLock { isCut in
            guard !isCut else { return }
            isCut = true
            shutdown(client, Int32(SHUT_RDWR))
            shutdown(server, Int32(SHUT_RDWR))
        }
    }

    private func pump(_ direction: ByteProxy.Direction) {
        let (source, target) = direction == .up ? (client, server) : (server, client)
        let line = delay > .zero ? DelayLine(to: target, delay: delay) : nil
        var left = cutAt.flatMap { $0.direction == direction ? $0.bytes : nil } ?? Int.max
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            if left == 0 {
                onCut()
                break
            }
            let received = recv(source, &buffer, min(buffer.count, left), 0)
            guard received > 0 else { break }
            let bytes = Array(buffer[..<received])
            if let line { line.send(bytes) } else { guard UnixSocket.write(target, bytes) else { break } }
            count(direction, received)
            if left != Int.max { left -= received }
        }
        line?.finish()
        cut()
        end()
    }

    /// The second direction to end closes; nobody uses the descriptors any more then.
    private func end() {
        guard
            ended.withLock({ count in
                count += 1
                return count == 2
            })
        else { return }
        isCut.withLock { _ in
            close(client)
            close(server)
        }
    }
}

/// Bytes on a long way: each piece arrives so much later than it was sent, however many are on their way.
private final class DelayLine: Sendable {
    private struct State {
        var pieces: [(due: ContinuousClock.Instant, bytes: [UInt8])] = []
        var isFinished = false
    }

    private let state = Mutex(State())
    private let arrived = DispatchSemaphore(value: 0)
    private let drained = DispatchSemaphore(value: 0)
    private let delay: Duration

    init(to target: Int32, delay: Duration) {
        self.delay = delay
        Thread.detachNewThread { self.run(target) }
    }

    func send(_ bytes: [UInt8]) {
        state.withLock { $0.pieces.append((.now + delay, bytes)) }
        arrived.signal()
    }

    /// Waits until everything has arrived.
    func finish() {
        state.withLock { $0.isFinished = true }
        arrived.signal()
        drained.wait()
    }

    private func run(_ target: Int32) {
        defer { drained.signal() }
        while true {
            arrived.wait()
            guard let piece = state.withLock({ $0.pieces.isEmpty ? nil : $0.pieces.removeFirst() }) else { return }
            let left = piece.due - .now
            if left > .zero { usleep(UInt32(left / .microseconds(1))) }
            _ = UnixSocket.write(target, piece.bytes)
        }
    }
}
