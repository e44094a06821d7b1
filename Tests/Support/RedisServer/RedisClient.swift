// SPDX-License-Identifier: MIT
import Foundation

/// What a command was answered, for a test to compare.
public enum RedisAnswer: Sendable, Equatable {
    case null
    /// A status or a string.
    case text(String)
    case integer(Int64)
    case array([RedisAnswer])
    /// The text, from its code on.
    case error(String)
}

/// A blocking client that is not ours: whatever it reads, nothing of Sluice has read it before.
public final class RedisClient {
    private let descriptor: Int32
    private var bytes: [UInt8] = []
    private var at = 0

    public init(path: String) throws {
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        descriptor = socket(AF_UNIX, type, 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
        let code = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        // A failed initializer closes, too: everything is set by now.
        guard code == 0 else { throw RedisServer.Failure(description: "connect: errno \(errno)") }
    }

    deinit { close(descriptor) }

    public func run(_ command: String...) throws -> RedisAnswer { try run(command) }

    public func run(_ command: [String]) throws -> RedisAnswer {
        try send(command)
        return try answer()
    }

    /// Sends without waiting for the answer.
    public func send(_ command: [String]) throws {
        var request = "*\(command.count)\r\n"
        for argument in command { request += "$\(argument.utf8.count)\r\n\(argument)\r\n" }
        var rest = Array(request.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { throw RedisServer.Failure(description: "send: errno \(errno)") }
            rest = rest.dropFirst(count)
        }
    }

    public func answer() throws -> RedisAnswer {
        let line = try line()
        let rest = String(line.dropFirst())
        switch line.first {
        case "+": return .text(rest)
        case "-": return .error(rest)
        case ":": return .integer(Int64(rest) ?? 0)
        case "$":
            guard let count = Int(rest), count >= 0 else { return .null }
            try fill(count + 2)
            defer { at += count + 2 }
            return .text(String(decoding: bytes[at..<at + count], as: UTF8.self))
        case "*":
            guard let count = Int(rest), count >= 0 else { return .null }
            return .array(try (0..<count).map { _ in try answer() })
        default: throw RedisServer.Failure(description: "not RESP2")
        }
    }

    private func line() throws -> String {
        while true {
            if let end = bytes[at...].firstIndex(of: 13), end + 1 < bytes.count {
                defer { at = end + 2 }
                return String(decoding: bytes[at..<end], as: UTF8.self)
            }
            try fill(bytes.count - at + 1)
        }
    }

    private func fill(_ count: Int) throws {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while bytes.count - at < count {
            let received = read(descriptor, &chunk, chunk.count)
            guard received > 0 else { throw RedisServer.Failure(description: "read: errno \(errno)") }
            bytes += chunk[..<received]
        }
    }
}
