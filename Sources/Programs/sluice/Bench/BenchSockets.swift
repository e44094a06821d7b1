// SPDX-License-Identifier: MIT
import CEpoll
import Glibc
import NIOCore

/// Waits for sockets, and lets each connection do what it can.
final class BenchSockets {
    private static let eventsMax = 256
    private static let scratchBytes = 64 << 10

    private let poll = epoll_create1(Int32(EPOLL_CLOEXEC))
    private let events = UnsafeMutablePointer<epoll_event>.allocate(capacity: eventsMax)
    private let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: scratchBytes, alignment: 16)

    deinit {
        if poll >= 0 { close(poll) }
        events.deallocate()
        scratch.deallocate()
    }

    /// False: the system refuses.
    func add(_ descriptor: Int32) -> Bool { control(EPOLL_CTL_ADD, descriptor, EPOLLIN.rawValue) }

    /// Watches for what comes, and, where the system took less than was written, for room.
    func watch(_ descriptor: Int32, forRoom: Bool) {
        _ = control(EPOLL_CTL_MOD, descriptor, EPOLLIN.rawValue | (forRoom ? EPOLLOUT.rawValue : 0))
    }

    func wait(until deadline: NIODeadline, _ connection: (Int32) -> BenchConnection?) {
        let left = deadline - .now()
        let milliseconds = left.nanoseconds <= 0 ? 0 : min(left.nanoseconds / 1_000_000 + 1, 1000)
        let count = epoll_wait(poll, events, Int32(Self.eventsMax), Int32(milliseconds))
        guard count > 0 else { return }
        for event in UnsafeBufferPointer(start: events, count: Int(count)) {
            guard let connection = connection(event.data.fd) else { continue }
            if event.events & EPOLLOUT.rawValue != 0 { connection.write() }
            if event.events & ~EPOLLOUT.rawValue != 0, connection.isOpen { connection.read(into: scratch) }
        }
    }

    private func control(_ operation: Int32, _ descriptor: Int32, _ events: UInt32) -> Bool {
        var event = epoll_event()
        event.events = events
        event.data.fd = descriptor
        return epoll_ctl(poll, operation, descriptor, &event) == 0
    }
}
