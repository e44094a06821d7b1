// SPDX-License-Identifier: MIT
import Glibc
import TransactionModel

/// The directory in which the socket and the files lie by default.
enum StateDirectory {
    /// Creates it, for its owner alone, if it is missing; its parent must exist.
    static func prepare(_ path: String) throws(ConfigurationError) {
        if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
        throw ConfigurationError(
            "the state directory \(path) can't be created: \(String(cString: strerror(errno))); create it or set state.directory"
        )
    }
}

/// The time of day.
enum WallClock {
    static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
    }
}
