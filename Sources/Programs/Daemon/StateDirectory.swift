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

    /// Why ``prepare(_:)`` would fail where there is nothing yet; nil: it would not.
    static func obstacle(to path: String) -> String? {
        access(parent(of: path), W_OK | X_OK) == 0 ? nil : String(cString: strerror(errno))
    }

    /// The folder in which a file or directory lies, as the path names it.
    static func parent(of path: String) -> String {
        var rest = path[...]
        while rest.count > 1, rest.last == "/" { rest.removeLast() }
        guard let slash = rest.lastIndex(of: "/") else { return "." }
        return slash == rest.startIndex ? "/" : String(rest[..<slash])
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
