// SPDX-License-Identifier: MIT
#if Postgres
import Glibc

/// Waits for a socket, for an interrupt and for the clock, whichever comes first.
struct SocketWait {
    enum Event { case ready, silent, interrupted }

    let interrupt: PostgresInterrupt
    /// Longest time without any event.
    let limit: Duration

    /// Whether there is something to read, or the end of it, right now.
    func isReadable(_ socket: Int32) -> Bool {
        var set = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        return poll(&set, 1, 0) > 0
    }

    /// - Parameter deadline: An earlier end of the waiting, if any.
    func wait(_ socket: Int32, reading: Bool, writing: Bool, until deadline: ContinuousClock.Instant? = nil) -> Event {
        var sets = [
            pollfd(fd: socket, events: Int16((reading ? POLLIN : 0) | (writing ? POLLOUT : 0)), revents: 0),
            pollfd(fd: interrupt.descriptor, events: Int16(POLLIN), revents: 0),
        ]
        var end = ContinuousClock.now + limit
        if let deadline { end = min(end, deadline) }
        while true {
            let left = (end - .now) / .milliseconds(1)
            guard left > 0 else { return .silent }
            let count = poll(&sets, 2, Int32(clamping: Int64(left.rounded(.up))))
            // A signal ends the call, not the waiting.
            if count < 0, errno == EINTR { continue }
            if sets[1].revents != 0 { return .interrupted }
            if count != 0 { return .ready }
        }
    }
}
#endif
