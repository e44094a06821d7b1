// SPDX-License-Identifier: MIT
internal import NIOCore

/// Runs tasks and actors on an event loop.
///
/// As the actor's executor it isolates a connection to its loop. As the task's preference it brings a task that was
/// suspended back to the loop at once: without it, the runtime resumes a continuation on the global pool first and
/// changes to the actor's executor from there, which costs each request a thread switch.
final class EventLoopExecutor: SerialExecutor, TaskExecutor {
    private let eventLoop: any EventLoop

    init(_ eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        eventLoop.execute {
            // Both at once, so that changing between the task's and the actor's executor is no change at all.
            job.runSynchronously(
                isolatedTo: self.asUnownedSerialExecutor(), taskExecutor: self.asUnownedTaskExecutor())
        }
    }

    func asUnownedSerialExecutor() -> UnownedSerialExecutor { UnownedSerialExecutor(ordinary: self) }

    func asUnownedTaskExecutor() -> UnownedTaskExecutor { UnownedTaskExecutor(ordinary: self) }

    func checkIsolated() {
        eventLoop.preconditionInEventLoop()
    }
}
