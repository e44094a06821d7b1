// SPDX-License-Identifier: MIT
import BlockingThread
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
    /// A sidecar that answers nothing for so long will not any more.
    var silenceMax = TimeAmount.seconds(60)

    func run() async throws -> BenchReport.Load {
        let thread = BlockingThread<Void>(name: "bench") {}
        return try await thread.run { (_) throws(CommandFailure) in try runHere() }
    }

    private func runHere() throws(CommandFailure) -> BenchReport.Load {
        Self.yieldToPeer()
        let load = BenchLoad(template: template, count: count, duration: duration)
        let sockets = BenchSockets()
        var open: [Int32: BenchConnection] = [:]
        for _ in 0..<connections {
            let descriptor = try connect()
            open[descriptor] = BenchConnection(descriptor, load, sockets, depth: depth)
            guard sockets.add(descriptor) else {
                throw CommandFailure("The sockets can't be watched.", try: "fewer --connections, or: ulimit -n")
            }
        }
        let before = Self.processorTime()
        load.begin(connections: connections)
        let end = duration.map { NIODeadline.now() + $0 + Self.graceTime } ?? .distantFuture
        for connection in open.values { connection.begin() }
        while !load.isOver, NIODeadline.now() < min(end, load.lastReplyAt + silenceMax) {
            sockets.wait(until: min(load.nextEvent, end, load.lastReplyAt + silenceMax)) { open[$0] }
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
