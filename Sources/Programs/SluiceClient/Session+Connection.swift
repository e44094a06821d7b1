// SPDX-License-Identifier: MIT
internal import NIOCore
internal import NIOPosix

extension Session {
    /// The first connection. It is tried once: who starts a client wants to know that nobody is there.
    func open() async throws(SluiceClientError) {
        let channel: any Channel
        do {
            channel = try await bootstrap(generation).connect(unixDomainSocketPath: configuration.socketPath).get()
        } catch {
            throw SluiceClientError(connectingTo: configuration.socketPath, error)
        }
        self.channel = channel
        // What ended before we knew it has been told to nobody.
        if !channel.isActive { vanished(generation) }
    }

    func connect() {
        generation += 1
        let generation = generation
        bootstrap(generation).connect(unixDomainSocketPath: configuration.socketPath).hop(to: eventLoop)
            .whenComplete { result in
                self.assumeIsolated { $0.connectEnded(result, generation) }
            }
    }

    func connectLater(attempt: Int, floor: Duration) {
        let backoff = Backoff(delay: configuration.reconnectDelay, delayMax: configuration.reconnectDelayMax)
        var generator = SystemRandomNumberGenerator()
        let wait = backoff.wait(before: attempt, atLeast: floor, using: &generator)
        eventLoop.scheduleTask(in: TimeAmount(wait)) {
            self.assumeIsolated { $0.perform($0.machine.backoffEnded()) }
        }
    }

    func send(_ ids: [Int64]) {
        guard let channel else { return }
        for id in ids {
            guard let frame = pending[id]?.frame else { continue }
            channel.write(channel.allocator.buffer(bytes: frame), promise: nil)
        }
        // Calls that start in the same turn of the loop share one system call.
        guard !needsFlush else { return }
        needsFlush = true
        eventLoop.execute {
            self.assumeIsolated { session in
                session.needsFlush = false
                session.channel?.flush()
            }
        }
    }

    func received(_ payload: [UInt8], _ generation: Int) {
        guard generation == self.generation else { return }
        let message: IncomingMessage
        do throws(SluiceClientError) {
            message = try IncomingMessage(parsing: payload)
        } catch {
            broke(error, generation)
            return
        }
        switch message {
        case .result(let id, let result): if machine.replied(id) { finish(id, .success(result)) }
        case .error(let id, let error): if machine.replied(id) { finish(id, .failure(error)) }
        case .refusal(let error): broke(error, generation)
        case .event(let subscription, let event): deliver(event, to: subscription)
        case .unknown: break
        }
    }

    /// The stream of bytes cannot be read any more, or the sidecar will have no more of it.
    func broke(_ error: SluiceClientError, _ generation: Int) {
        guard generation == self.generation else { return }
        refusal = error
        channel?.close(promise: nil)
    }

    func vanished(_ generation: Int) {
        guard generation == self.generation, channel != nil else { return }
        channel = nil
        let reason = refusal
        refusal = nil
        endSubscriptions(
            reason
                ?? SluiceClientError(
                    .connectionLost, "The connection was lost; events may have been missed.", retryable: true))
        perform(machine.lost(reason))
    }

    private func connectEnded(_ result: Result<any Channel, any Error>, _ generation: Int) {
        switch result {
        case .success(let channel):
            guard case .connecting = machine.state, generation == self.generation else {
                channel.close(promise: nil)
                return
            }
            self.channel = channel
            perform(machine.connected())
            if !channel.isActive { vanished(generation) }
        case .failure:
            perform(machine.connectFailed())
        }
    }

    private nonisolated func bootstrap(_ generation: Int) -> ClientBootstrap {
        ClientBootstrap(group: eventLoop)
            .connectTimeout(TimeAmount(configuration.connectTimeout))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(ConnectionHandler(self, generation))
                }
            }
    }
}
