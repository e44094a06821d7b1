// SPDX-License-Identifier: MIT
import Foundation
import Synchronization

/// Stands between a client and a server on Unix sockets, counts bytes, delays them, and cuts the connection after the
/// byte it is told.
public final class ByteProxy: Sendable {
    public enum Direction: Sendable, CaseIterable {
        /// From the client.
        case up
        /// From the server.
        case down
    }

    public struct Cut: Sendable, Equatable {
        public var direction: Direction
        /// So many bytes of the connection still pass.
        public var bytes: Int

        public init(_ direction: Direction, after bytes: Int) {
            self.direction = direction
            self.bytes = bytes
        }
    }

    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    struct State {
        var cut: Cut?
        var passed: [Direction: Int] = [:]
        var links: [Link] = []
        var isOpen = true
    }

    /// The socket's name, as PostgreSQL wants it, in a directory of its own.
    public let directory: String
    private let server: String
    private let delay: Duration
    private let listener: Int32
    private let state = Mutex(State())

    /// - Parameter roundTrip: Half of it is added to each direction.
    public init(to server: String, named name: String = ".s.PGSQL.5432", roundTrip: Duration = .zero) throws {
        self.server = server
        delay = roundTrip / 2
        directory = NSTemporaryDirectory() + "sluice-px-" + UUID().uuidString.prefix(8)
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        listener = try UnixSocket.listen(directory + "/" + name)
        let listener = listener
        Thread.detachNewThread { [weak self] in
            while true {
                let client = accept(listener, nil, nil)
                guard client >= 0 else {
                    if errno == EINTR || errno == ECONNABORTED { continue }
                    return
                }
                guard let self else {
                    close(client)
                    return
                }
                _ = fcntl(client, F_SETFD, FD_CLOEXEC)
                self.serve(client)
            }
        }
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
        for link in state.withLock({ $0.links }) { link.cut() }
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// The next connection is cut there; those after it are not. Counting begins anew.
    public func arm(_ cut: Cut?) {
        state.withLock {
            $0.cut = cut
            $0.passed = [:]
        }
    }

    /// Bytes that have passed since ``arm(_:)``, of all connections.
    public func passed(_ direction: Direction) -> Int { state.withLock { $0.passed[direction] ?? 0 } }

    /// Whether the cut has been used up.
    public var wasCut: Bool { state.withLock { $0.cut == nil } }

    /// Cuts all connections; while closed, new ones are ended at once.
    public func open(_ isOpen: Bool) {
        let links = state.withLock { state in
            state.isOpen = isOpen
            return isOpen ? [] : state.links
        }
        for link in links { link.cut() }
    }

    private func serve(_ client: Int32) {
        guard state.withLock({ $0.isOpen }), let upstream = UnixSocket.connect(server) else {
            close(client)
            return
        }
        let cut = state.withLock { state in
            state.links.removeAll { $0.isDone }
            return state.cut
        }
        let link = Link(client: client, server: upstream, delay: delay, cut: cut) { [weak self] direction, count in
            self?.state.withLock { $0.passed[direction, default: 0] += count }
        } onCut: { [weak self] in
            self?.state.withLock { $0.cut = nil }
        }
        state.withLock { $0.links.append(link) }
        link.start()
    }
}
