// SPDX-License-Identifier: MIT
#if Postgres
import Glibc

/// Ends what a connection waits for, from any thread; it then fails as interrupted and is of no more use.
public final class PostgresInterrupt: Sendable {
    /// Readable once there was an interrupt.
    let descriptor: Int32
    private let writer: Int32

    /// A system that can't open a pipe can't go on: that is a trap.
    public init() {
        var ends: [Int32] = [-1, -1]
        precondition(pipe(&ends) == 0, "The system refused a pipe (errno \(errno)).")
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        (descriptor, writer) = (ends[0], ends[1])
    }

    deinit {
        close(descriptor)
        close(writer)
    }

    public func interrupt() {
        var byte: UInt8 = 1
        // A full pipe has interrupted already.
        _ = write(writer, &byte, 1)
    }

    /// Takes back an interrupt that came when nothing ran.
    public func reset() {
        var bytes: UInt64 = 0
        while read(descriptor, &bytes, 8) > 0 {}
    }
}
#endif
