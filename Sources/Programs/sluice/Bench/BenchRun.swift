// SPDX-License-Identifier: MIT
import Glibc
import NIOCore
import NIOPosix

/// Connects, lets the load run on one event loop, and measures it.
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
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        do {
            let report = try await run(on: group.next())
            try await group.shutdownGracefully()
            return report
        } catch {
            try await group.shutdownGracefully()
            throw error
        }
    }

    private func run(on eventLoop: any EventLoop) async throws -> BenchReport.Load {
        let ended = eventLoop.makePromise(of: Void.self)
        let load = try await eventLoop.submit {
            NIOLoopBound(
                BenchLoad(template: template, count: count, duration: duration, ended: ended), eventLoop: eventLoop)
        }.get()
        var channels: [any Channel] = []
        do {
            for _ in 0..<connections { channels.append(try await connect(load, eventLoop)) }
        } catch {
            ended.succeed()
            throw error
        }
        let before = Self.processorTime()
        let open = channels
        let limit = duration.map { eventLoop.scheduleTask(in: $0 + Self.graceTime) { ended.succeed() } }
        eventLoop.execute {
            load.value.begin(connections: open.count)
            for channel in open {
                let pipeline = channel.pipeline.syncOperations
                // A connection that the peer has closed meanwhile has told so itself.
                guard let handler = try? pipeline.handler(type: BenchHandler.self),
                    let context = try? pipeline.context(handler: handler)
                else { continue }
                handler.begin(context: context)
            }
        }
        try await ended.futureResult.get()
        limit?.cancel()
        let used = Self.processorTime() - before
        let result = try await eventLoop.submit { BenchReport.Load(load.value, processorTime: used) }.get()
        for channel in open { channel.close(promise: nil) }
        return result
    }

    private func connect(_ load: NIOLoopBound<BenchLoad>, _ eventLoop: any EventLoop) async throws -> any Channel {
        try await ClientBootstrap(group: eventLoop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(BenchHandler(load.value, depth: depth))
                }
            }
            .connect(unixDomainSocketPath: path).get()
    }

    /// Of this process, all threads.
    private static func processorTime() -> TimeAmount {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return .seconds(Int64(time.tv_sec)) + .nanoseconds(Int64(time.tv_nsec))
    }
}
