// SPDX-License-Identifier: MIT
internal import NIOCore
internal import WireProtocol

/// What happens when time is up, and what the state machine decides.
extension Connection {
    /// Sees to it that somebody looks at the watch's deadline.
    func keepWatch() {
        guard machine.state != .closed, let deadline = watch.deadline else { return }
        if let watchTimer {
            // A timer that fires too early looks and waits on, which is cheaper than setting it anew each time.
            guard deadline < watchTimer.deadline else { return }
            watchTimer.task.cancel()
        }
        let task = channel.eventLoop.scheduleTask(deadline: deadline) { self.assumeIsolated { $0.look() } }
        watchTimer = (deadline, task)
    }

    private func look() {
        watchTimer = nil
        watchOutput()
        switch watch.expiry(now: .now()) {
        case .slowReader: cutOff(because: "nothing read within slowReaderTimeout")
        case .incompleteFrame: fail(.incomplete(after: configuration.incompleteFrameTimeout))
        case nil: keepWatch()
        }
    }

    /// The server stops.
    func stop() {
        guard machine.takesRequests else { return }
        perform(machine.endInput())
        closeLatest(in: configuration.shutdownTimeout)
    }

    func perform(_ action: ConnectionStateMachine.Action) {
        switch action {
        case .none:
            return
        case .checkDrained:
            watch.outsideFrame()
            // Reading goes on, so that the peer's end is seen; what comes is thrown away.
            continueReading()
            wake()
        case .flush:
            flush()
            // Written after everything else, so it tells when that is out.
            channel.writeAndFlush(ByteBuffer()).assumeIsolated().whenComplete { _ in
                self.assumeIsolated { $0.perform($0.machine.flushed()) }
            }
        case .linger:
            channel.close(mode: .output, promise: nil)
            closeLatest(in: configuration.lingerTimeout)
        case .close:
            close()
        }
    }

    func stopTimers() {
        watchTimer?.task.cancel()
        watchTimer = nil
        endTimer?.cancel()
        endTimer = nil
    }

    private func closeLatest(in time: Duration) {
        endTimer?.cancel()
        endTimer = channel.eventLoop.scheduleTask(in: TimeAmount(time)) { self.close() }
    }
}
