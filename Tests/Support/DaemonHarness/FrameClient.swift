// SPDX-License-Identifier: MIT
internal import Glibc
public import JSON
internal import WireProtocol

/// A blocking client on a plain Unix socket. Any number of requests may be posted before their replies are read.
///
/// Nothing waits longer than the timeout; what is missing then throws. For one thread at a time.
public final class FrameClient {
    private let descriptor: Int32
    private var lastID: Int64 = 0
    /// Replies that came while another one was waited for.
    private var early: [Int64: JSONValue] = [:]
    private var events: [JSONValue] = []

    public init(_ path: String, timeoutSeconds: Int = 20) throws(ConnectionError) {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw .system(errno) }
        var timeout = timeval(tv_sec: timeoutSeconds, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else { throw .system(errno) }
    }

    deinit { close(descriptor) }

    // MARK: Requests

    /// Sends a request and answers its result. Throws `RemoteError` or `ConnectionError`.
    public func call(_ method: String, _ params: JSONValue = [:]) throws -> JSONValue {
        try result(of: try post(method, params))
    }

    /// Sends a request without waiting; the id finds its reply.
    public func post(_ method: String, _ params: JSONValue = [:]) throws(ConnectionError) -> Int64 {
        lastID += 1
        let request: JSONValue = [
            "jsonrpc": "2.0", "id": .integer(lastID), "method": .string(method), "params": params,
        ]
        try send(frame: request.bytes)
        return lastID
    }

    /// Waits for the reply of a posted request.
    public func result(of id: Int64) throws -> JSONValue {
        while true {
            if let reply = early.removeValue(forKey: id) {
                if let error = reply["error"] { throw RemoteError(error) }
                return reply["result"] ?? .null
            }
            file(try receive())
        }
    }

    /// The next notification.
    public func event() throws(ConnectionError) -> JSONValue {
        while events.isEmpty { file(try receive()) }
        return events.removeFirst()
    }

    private func file(_ message: JSONValue) {
        if let id = message["id"]?.int64 { early[id] = message } else { events.append(message) }
    }

    // MARK: Frames and bytes

    public func send(frame payload: [UInt8]) throws(ConnectionError) { try send(Frame.encode(payload)) }

    public func send(_ bytes: [UInt8]) throws(ConnectionError) {
        var at = 0
        while at < bytes.count {
            let sent = bytes[at...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard sent > 0 else { throw Self.failure() }
            at += sent
        }
    }

    /// Tells the daemon that nothing more will be sent.
    public func endInput() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// The next message, whatever it is.
    public func receive() throws(ConnectionError) -> JSONValue {
        let header = try read(4)
        let payload = try read(header.reduce(0) { $0 << 8 | Int($1) })
        guard let value = try? JSONValue(parsing: payload) else { throw .garbled }
        return value
    }

    /// Reads whatever still comes; true when the daemon ends the stream, false when it does not in time.
    public func isEnded() -> Bool {
        do {
            while true { _ = try read(1) }
        } catch {
            return error == .ended
        }
    }

    private func read(_ count: Int) throws(ConnectionError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var at = 0
        while at < count {
            let got = bytes[at...].withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, $0.count, 0) }
            if got == 0 { throw .ended }
            guard got > 0 else { throw Self.failure() }
            at += got
        }
        return bytes
    }

    private static func failure() -> ConnectionError {
        switch errno {
        case EAGAIN: .timedOut
        case EPIPE, ECONNRESET: .ended
        default: .system(errno)
        }
    }
}
