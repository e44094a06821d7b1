// SPDX-License-Identifier: MIT
import Glibc
import NIOCore
import SluiceClient

/// One connection of a load: keeps `depth` requests under way, and writes once for all replies of a read.
///
/// A socket and two system calls per exchange, because the load shares the machine with what it measures.
final class BenchConnection {
    private static let headerBytes = 4

    let descriptor: Int32
    private(set) var isOpen = true
    private let load: BenchLoad
    private let sockets: BenchSockets
    /// The system took less than was written, and tells when it takes more.
    private var waitsForRoom = false
    /// By slot: when its request was written; nil: none is under way.
    private var sentAt: [NIODeadline?]
    /// Slots whose requests are written next.
    private var started: [Int] = []
    private var requests = ByteBuffer()
    /// The beginning of a frame that has not come whole.
    private var partial: [UInt8] = []

    /// - Parameter descriptor: A connected socket that does not block. It is closed here.
    init(_ descriptor: Int32, _ load: BenchLoad, _ sockets: BenchSockets, depth: Int) {
        self.descriptor = descriptor
        self.load = load
        self.sockets = sockets
        sentAt = Array(repeating: nil, count: depth)
    }

    deinit { close() }

    func begin() {
        let now = NIODeadline.now()
        for slot in sentAt.indices { start(slot, now) }
        write()
    }

    /// Takes what has come, and asks anew. `scratch` is where a read goes.
    func read(into scratch: UnsafeMutableRawBufferPointer) {
        let count = recv(descriptor, scratch.baseAddress, scratch.count, 0)
        guard count > 0 else {
            if count < 0, errno == EAGAIN || errno == EINTR { return }
            return lose()
        }
        let now = NIODeadline.now()
        let bytes = UnsafeRawBufferPointer(rebasing: scratch[..<count])
        if partial.isEmpty {
            partial.append(contentsOf: bytes[take(bytes, now)...])
        } else {
            partial.append(contentsOf: bytes)
            let taken = partial.withUnsafeBytes { take($0, now) }
            partial.removeFirst(taken)
        }
        write()
    }

    /// Begins again what was refused, if there is still something to do.
    func restart(_ slot: Int) {
        guard isOpen else { return }
        start(slot, .now())
        write()
    }

    func write() {
        guard requests.readableBytes > 0, isOpen else { return }
        if !started.isEmpty {
            let now = NIODeadline.now()
            for slot in started { sentAt[slot] = now }
            started.removeAll(keepingCapacity: true)
        }
        let count = requests.withUnsafeReadableBytes {
            send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
        guard count >= 0 || errno == EAGAIN || errno == EINTR else { return lose() }
        requests.moveReaderIndex(forwardBy: max(0, count))
        let isDone = requests.readableBytes == 0
        if isDone { requests.clear() }
        guard waitsForRoom == isDone else { return }
        waitsForRoom.toggle()
        sockets.watch(descriptor, forRoom: waitsForRoom)
    }

    func close() {
        guard isOpen else { return }
        isOpen = false
        Glibc.close(descriptor)
    }

    private func lose() {
        close()
        load.lostConnection(unanswered: sentAt.count { $0 != nil })
        sentAt = sentAt.map { _ in nil }
    }

    /// Every whole frame; answers how many bytes they were.
    private func take(_ bytes: UnsafeRawBufferPointer, _ now: NIODeadline) -> Int {
        var at = 0
        while bytes.count - at >= Self.headerBytes {
            let length = Int(UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: at, as: UInt32.self)))
            let end = at + Self.headerBytes + length
            guard end <= bytes.count else { break }
            took(BenchReply(UnsafeRawBufferPointer(rebasing: bytes[at + Self.headerBytes..<end])), now)
            at = end
        }
        return at
    }

    private func took(_ reply: BenchReply, _ now: NIODeadline) {
        switch reply {
        case .done(let slot):
            guard let sent = ended(slot) else { return }
            load.succeeded(after: now - sent, now: now)
            start(slot, now)
        case .failed(let slot, let kind, let milliseconds):
            guard ended(slot) != nil else { return }
            load.failed(kind, now: now)
            if milliseconds > 0 {
                load.pause(self, slot: slot, until: now + .milliseconds(milliseconds))
            } else {
                start(slot, now)
            }
        case .stray(let kind):
            load.note(kind)
        }
    }

    private func ended(_ slot: Int) -> NIODeadline? {
        guard sentAt.indices.contains(slot), let sent = sentAt[slot] else {
            load.note("invalid_reply")
            return nil
        }
        sentAt[slot] = nil
        return sent
    }

    private func start(_ slot: Int, _ now: NIODeadline) {
        guard load.start(slot: slot, to: &requests, now: now, milliseconds: UUIDv7.unixMilliseconds()) else { return }
        sentAt[slot] = now
        started.append(slot)
    }
}
