// SPDX-License-Identifier: MIT
import Glibc
import JSON
import Testing
import WireProtocol

/// A blocking client over a plain socket. No wait is longer than 10 s; what is missing then fails the test.
final class TestClient: Sendable {
    let descriptor: Int32

    init(_ path: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var timeout = timeval(tv_sec: 10, tv_usec: 0)
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
        guard result == 0 else { throw ClientError.errno(errno) }
    }

    deinit { close(descriptor) }

    enum ClientError: Error, Equatable { case errno(Int32), ended }

    /// False when the peer has closed.
    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        var at = 0
        while at < bytes.count {
            let sent = bytes[at...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard sent > 0 else { return false }
            at += sent
        }
        return true
    }

    func send(frame text: String) { send(Frame.encode(text.utf8)) }

    func request(_ id: Int, method: String = "echo") {
        send(frame: #"{"jsonrpc":"2.0","id":\#(id),"method":"\#(method)"}"#)
    }

    func endInput() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// The next frame's payload; throws `ended` at the end of the stream.
    func receive() throws -> [UInt8] {
        let header = try read(4)
        return try read(header.reduce(0) { $0 << 8 | Int($1) })
    }

    func reply() throws -> JSONView { try JSONDocument(parsing: try receive()).root }

    /// Reads to the end of the stream.
    func expectEnd() {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count > 0 { continue }
            #expect(count == 0 || errno == ECONNRESET, "the connection did not end: errno \(errno)")
            return
        }
    }

    private func read(_ count: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var at = 0
        while at < count {
            let got = bytes[at...].withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, $0.count, 0) }
            guard got >= 0 else { throw ClientError.errno(errno) }
            guard got > 0 else { throw ClientError.ended }
            at += got
        }
        return bytes
    }
}
