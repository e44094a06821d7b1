// SPDX-License-Identifier: MIT
import BlockingThread
import CEpoll
import Glibc
import NIOCore

/// Connects, lets the load run on a thread of its own, and measures it.
struct BenchRun: Sendable {
    /// How long the last replies may take after the end.
    private static let graceTime = TimeAmount.seconds(30)

    let path: String
    let connections: Int
    let depth: Int
    let template: BenchTemplate
    let count: Int?
    let duration: TimeAmount?

    func run() async throws -> BenchReport.Load {
        let thread = BlockingThread<Void>(name: "bench") {}
        return try await thread.run { (_) throws(CommandFailure) in try runHere() }
    }

    private func runHere() throws(CommandFailure) -> BenchReport.Load {
        Self.yieldToPeer()
        let load = BenchLoad(template: template, count: count, duration: duration)
        var open: [BenchConnection] = []
        for _ in 0..<connections { open.append(BenchConnection(try connect(), load, depth: depth)) }
        let before = Self.processorTime()
        let readiness = try BenchReadiness(open)
        load.begin(connections: connections)
        let end = duration.map { NIODeadline.now() + $0 + Self.graceTime } ?? .distantFuture
        for connection in open { connection.begin() }
        while !load.isOver, NIODeadline.now() < end {
            readiness.wait(until: min(load.nextEvent, end))
            load.resume()
        }
        return BenchReport.Load(load, processorTime: Self.processorTime() - before)
    }

    private func connect() throws(CommandFailure) -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let fits = withUnsafeMutableBytes(of: &address.sun_path) { name in
            name.copyBytes(from: path.utf8.prefix(name.count - 1))
            return path.utf8.count < name.count
        }
        let result = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard fits, descriptor >= 0, result == 0, fcntl(descriptor, F_SETFL, O_NONBLOCK) == 0 else {
            let reason = String(cString: strerror(errno))
            if descriptor >= 0 { close(descriptor) }
            throw CommandFailure(
                "A connection to \(path) failed: \(reason).", try: "fewer --connections, or: ulimit -n")
        }
        return descriptor
    }

    /// The load's thread does not interrupt others when a reply wakes it: on a small machine it would take the processor
    /// from the very sidecar that it measures, in the middle of answering.
    private static func yieldToPeer() {
        var parameters = sched_param()
        sched_setscheduler(0, batchPolicy, &parameters)
    }

    /// `SCHED_BATCH`, a GNU extension that Swift does not see.
    private static let batchPolicy: Int32 = 3

    /// Of this process, all threads.
    private static func processorTime() -> TimeAmount {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return .seconds(Int64(time.tv_sec)) + .nanoseconds(Int64(time.tv_nsec))
    }
}

/// Waits for sockets, and lets each connection do what it can.
private final class BenchReadiness {
    private static let eventsMax = 256
    private static let scratchBytes = 64 << 10

    private let poll: Int32
    private let connections: [BenchConnection]
    /// Those of which the system took less than they wrote.
    private var waitsForRoom: [Bool]
    private let events = UnsafeMutablePointer<epoll_event>.allocate(capacity: eventsMax)
    private let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: scratchBytes, alignment: 16)

    init(_ connections: [BenchConnection]) throws(CommandFailure) {
        self.connections = connections
        waitsForRoom = Array(repeating: false, count: connections.count)
        poll = epoll_create1(Int32(EPOLL_CLOEXEC))
        for index in connections.indices {
            guard poll >= 0, watch(index, EPOLL_CTL_ADD, EPOLLIN.rawValue) else {
                throw CommandFailure("The sockets can't be watched.", try: "fewer --connections, or: ulimit -n")
            }
        }
    }

    deinit {
        if poll >= 0 { close(poll) }
        events.deallocate()
        scratch.deallocate()
    }

    func wait(until deadline: NIODeadline) {
        let left = deadline - .now()
        let milliseconds = left.nanoseconds <= 0 ? 0 : min(left.nanoseconds / 1_000_000 + 1, 1000)
        let count = epoll_wait(poll, events, Int32(Self.eventsMax), Int32(milliseconds))
        guard count > 0 else { return }
        for event in UnsafeBufferPointer(start: events, count: Int(count)) {
            let index = Int(event.data.u64)
            let connection = connections[index]
            if event.events & EPOLLOUT.rawValue != 0 { connection.write() }
            if event.events & ~EPOLLOUT.rawValue != 0, connection.isOpen { connection.read(into: scratch) }
            guard connection.isOpen, connection.hasOutput != waitsForRoom[index] else { continue }
            waitsForRoom[index].toggle()
            _ = watch(index, EPOLL_CTL_MOD, EPOLLIN.rawValue | (waitsForRoom[index] ? EPOLLOUT.rawValue : 0))
        }
    }

    private func watch(_ index: Int, _ operation: Int32, _ events: UInt32) -> Bool {
        var event = epoll_event()
        event.events = events
        event.data.u64 = UInt64(index)
        return epoll_ctl(poll, operation, connections[index].descriptor, &event) == 0
    }
}
