// SPDX-License-Identifier: MIT
import BackgroundProcessing
import Foundation
import Glibc
import JSON
import Keyspace
import RequestDispatch
import SocketServer
import Synchronization
import TransactionBuffering
import TransactionModel

/// `server.*`
struct ServerOperations: ServerControl {
    let overview: Overview

    func health() async -> JSONValue { await HealthReport(overview).json }

    func stats() async throws(BufferingError) -> JSONValue {
        let counters: [String: Int64]
        let figures: JSONObject
        do {
            counters = try await overview.keyspace.counters()
            figures = try await overview.keyspace.figures()
        } catch {
            throw BufferingError(.storeUnavailable, error.message)
        }
        let report = overview.processor.report
        let load = overview.load.withLock { $0 }
        return [
            "counters": self.counters(counters), "connections": .integer(Int64(load?.connections ?? 0)),
            "in_flight": .integer(Int64(load?.requestsInFlight ?? 0)), "keyspace": .object(figures),
            "processor": ["state": .string(report.state.rawValue)],
            "uptime_ms": .integer((overview.now() - overview.startedAt).milliseconds),
            "resident_bytes": .integer(ProcessMemory.residentBytes),
        ]
    }

    func configuration() -> JSONValue {
        var object = JSONObject()
        for (key, text) in overview.configuration.texts {
            switch key {
            // Relative to the daemon's working directory, which who asks does not know; their defaults are no text.
            case "socket.path": object.append(key, .string(FilePath.absolute(overview.configuration.socket.path)))
            case "state.directory":
                object.append(key, .string(FilePath.absolute(overview.configuration.stateDirectory)))
            default: object.append(key, .string(StoreURL.masked(text)))
            }
        }
        return .object(object)
    }

    func backup(to path: String) async throws(BufferingError) -> Int64 {
        do {
            try await overview.keyspace.backup(to: path)
        } catch {
            throw BufferingError(.invalidParameter, error.message, path: "path")
        }
        var status = stat()
        guard stat(path, &status) == 0 else { return 0 }
        return Int64(status.st_size)
    }

    /// The state counters, and whether they add up.
    private func counters(_ counters: [String: Int64]) -> JSONValue {
        var object = JSONObject()
        let parts = ["committed", "pending", "processing", "retrying", "dead_letter", "cancelled", "discarded"]
        for name in ["accepted"] + parts + ["replicated", "parked", "bytes_unfinished"] {
            object.append(name, .integer(counters[name] ?? 0))
        }
        let sum = parts.reduce(Int64(0)) { $0 + (counters[$1] ?? 0) }
        object.append("conserved", .bool(sum == counters["accepted"] ?? 0))
        return .object(object)
    }
}

enum FilePath {
    /// A relative path, from this process's working directory on.
    static func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/"), let here = getcwd(nil, 0) else { return path }
        defer { free(here) }
        let rest = path.hasPrefix("./") ? path.dropFirst(2) : path[...]
        return String(cString: here) + "/" + rest
    }
}

enum ProcessMemory {
    /// Resident set size of this process; 0 when it can't be read.
    static var residentBytes: Int64 {
        guard let bytes = try? FileBytes.read("/proc/self/statm") else { return 0 }
        let fields = String(decoding: bytes, as: UTF8.self).split(separator: " ")
        guard fields.count > 1, let pages = Int64(fields[1]) else { return 0 }
        return pages * Int64(sysconf(Int32(_SC_PAGESIZE)))
    }
}
