// SPDX-License-Identifier: MIT
internal import NIOCore
internal import Synchronization

/// Runs tasks and actors on an event loop; all connections of a loop share one.
///
/// As the actor's executor it isolates a connection to its loop. As the task's preference it brings a task that was
/// suspended back to the loop at once: without it, the runtime resumes a continuation on the global pool first and
/// changes to the actor's executor from there, which costs each request a thread switch.
///
/// What comes together (the answers of one group commit) runs in one turn of the loop, and what they leave to
/// be done ``atEndOfTurn(_:)`` is done once, after the last of them.
final class EventLoopExecutor: SerialExecutor, TaskExecutor {
    private let eventLoop: any EventLoop
    private let waiting = Mutex<[Work]>([])
    private let turn: NIOLoopBound<Turn>

    private enum Work {
        case job(UnownedJob)
        case answer(Connection, [UInt8]?)
    }

    /// What only the loop's thread touches.
    private final class Turn {
        var isRunning = false
        /// Emptied arrays whose memory is used again.
        var spare: [Work] = []
        var endings: [() -> Void] = []
        /// Requests began that the handler has not settled.
        var owesSettling = false
    }

    private let settle: @Sendable () -> Void

    /// To be made on the loop.
    init(_ eventLoop: any EventLoop, settle: @escaping @Sendable () -> Void) {
        self.eventLoop = eventLoop
        self.settle = settle
        turn = NIOLoopBound(Turn(), eventLoop: eventLoop)
    }

    func enqueue(_ job: consuming ExecutorJob) {
        add(.job(UnownedJob(job)))
    }

    /// A request of a connection has ended. From any thread.
    func answer(_ connection: Connection, with reply: [UInt8]?) { add(.answer(connection, reply)) }

    private func add(_ work: Work) {
        let isFirst = waiting.withLock { waiting in
            waiting.append(work)
            return waiting.count == 1
        }
        if isFirst { eventLoop.execute { self.runWaiting() } }
    }

    /// On the loop: runs `body` at the end of the turn in which jobs run, or in a turn of its own.
    func atEndOfTurn(_ body: @escaping @Sendable () -> Void) {
        let turn = turn.value
        if turn.isRunning { turn.endings.append(body) } else { eventLoop.execute(body) }
    }

    /// On the loop: a request began. What it left is settled once for all of the turn, after the replies have left.
    func settleAtEndOfTurn() {
        let turn = turn.value
        guard !turn.owesSettling else { return }
        turn.owesSettling = true
        if !turn.isRunning { eventLoop.execute { self.settleNow() } }
    }

    private func settleNow() {
        let turn = turn.value
        guard turn.owesSettling else { return }
        turn.owesSettling = false
        turn.isRunning = true
        settle()
        end(turn)
    }

    private func end(_ turn: Turn) {
        turn.isRunning = false
        for ending in turn.endings { ending() }
        turn.endings.removeAll(keepingCapacity: true)
    }

    private func runWaiting() {
        let turn = turn.value
        var works = turn.spare
        turn.spare = []
        waiting.withLock { swap(&$0, &works) }
        turn.isRunning = true
        for work in works {
            switch work {
            case .job(let job):
                // Both at once, so that changing between the task's and the actor's executor is no change at all.
                job.runSynchronously(
                    isolatedTo: asUnownedSerialExecutor(), taskExecutor: asUnownedTaskExecutor())
            case .answer(let connection, let reply):
                connection.assumeIsolated { $0.ended(with: reply) }
            }
        }
        works.removeAll(keepingCapacity: works.capacity <= Self.keptWorksMax)
        turn.spare = works
        end(turn)
        settleNow()
    }

    private static let keptWorksMax = 4096

    func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }

    func asUnownedTaskExecutor() -> UnownedTaskExecutor { UnownedTaskExecutor(ordinary: self) }

    func checkIsolated() {
        eventLoop.preconditionInEventLoop()
    }
}

/// The executors of a server's loops, one each.
final class EventLoopExecutors: Sendable {
    private let executors = Mutex<[ObjectIdentifier: EventLoopExecutor]>([:])
    private let settle: @Sendable () -> Void

    init(settle: @escaping @Sendable () -> Void) { self.settle = settle }

    /// On the loop.
    func executor(of eventLoop: any EventLoop) -> EventLoopExecutor {
        executors.withLock { executors in
            if let known = executors[ObjectIdentifier(eventLoop)] { return known }
            let new = EventLoopExecutor(eventLoop, settle: settle)
            executors[ObjectIdentifier(eventLoop)] = new
            return new
        }
    }
}
