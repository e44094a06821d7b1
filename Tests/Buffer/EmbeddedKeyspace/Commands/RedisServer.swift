// SPDX-License-Identifier: MIT
import Foundation
import Keyspace

/// A redis-server of the test's own, on a Unix socket in a temporary directory.
final class RedisServer {
    static let path = ["/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"].map { $0 + "/redis-server" }
        .first { FileManager.default.isExecutableFile(atPath: $0) }

    struct Failure: Error, CustomStringConvertible { var description: String }

    private let process = Process()
    /// Kept open, and not read any more once the server is ready: it says little.
    private let output = Pipe()
    private let directory: URL
    private let descriptor: Int32
    private var buffer: [UInt8] = []
    private var at = 0

    init() throws {
        guard let path = Self.path else { throw Failure(description: "no redis-server") }
        directory = FileManager.default.temporaryDirectory.appendingPathComponent(
            "sluice-" + UUID().uuidString.prefix(8))
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let socketPath = directory.appendingPathComponent("redis.sock").path
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = ["--port", "0", "--save", "", "--unixsocket", socketPath, "--dir", directory.path]
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        // The server says when it listens.
        var log = ""
        while !log.contains("ready to accept connections") {
            let data = output.fileHandleForReading.availableData
            guard !data.isEmpty else { throw Failure(description: "redis-server ended: \(log)") }
            log += String(decoding: data, as: UTF8.self)
        }
        descriptor = try Self.connect(to: socketPath)
    }

    deinit {
        // It closes the connection when it is gone; there is no reply.
        _ = try? run(Command("SHUTDOWN", "NOSAVE"))
        close(descriptor)
        try? FileManager.default.removeItem(at: directory)
    }

    /// Sends a command and reads its reply (RESP2).
    func run(_ command: Command) throws -> Reply {
        var request = Array("*\(command.arguments.count)\r\n".utf8)
        for argument in command.arguments { request += Array("$\(argument.count)\r\n".utf8) + argument + [13, 10] }
        var sent = 0
        while sent < request.count {
            let count = request[sent...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { throw Failure(description: "write: errno \(errno)") }
            sent += count
        }
        defer {
            buffer.removeFirst(at)
            at = 0
        }
        return try reply()
    }

    private func reply() throws -> Reply {
        let line = try line()
        let rest = String(decoding: line.dropFirst(), as: UTF8.self)
        switch line.first {
        case UInt8(ascii: "+"): return .status(rest)
        case UInt8(ascii: ":"): return .integer(Int64(rest) ?? 0)
        case UInt8(ascii: "-"):
            let words = rest.split(separator: " ", maxSplits: 1).map(String.init)
            return .error(CommandError(words[0], words.count > 1 ? words[1] : ""))
        case UInt8(ascii: "$"):
            guard let count = Int(rest), count >= 0 else { return .null }
            try fill(count + 2)
            defer { at += count + 2 }
            return .bulk(Array(buffer[at..<at + count]))
        case UInt8(ascii: "*"):
            guard let count = Int(rest), count >= 0 else { return .null }
            return .array(try (0..<count).map { _ in try reply() })
        default: throw Failure(description: "not RESP2")
        }
    }

    private func line() throws -> [UInt8] {
        while true {
            if let end = buffer[at...].firstIndex(of: 13), end + 1 < buffer.count {
                defer { at = end + 2 }
                return Array(buffer[at..<end])
            }
            try fill(buffer.count - at + 1)
        }
    }

    private func fill(_ count: Int) throws {
        var chunk = [UInt8](repeating: 0, count: 65536)
        while buffer.count - at < count {
            let received = read(descriptor, &chunk, chunk.count)
            guard received > 0 else { throw Failure(description: "read: errno \(errno)") }
            buffer += chunk[..<received]
        }
    }

    private static func connect(to path: String) throws -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
        let code = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Foundation.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard code == 0 else { throw Failure(description: "connect: errno \(errno)") }
        return descriptor
    }
}
