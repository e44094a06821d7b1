// SPDX-License-Identifier: MIT
import NIOCore

/// The shared connection, as operations use it: from the event loop without any change of thread.
struct LinkRoute: RequestRoute {
    let link: NIOLoopBound<Link>

    var isOwn: Bool { false }

    func send(_ request: OperationRequest) async -> RedisConnection.Answer {
        await withUnsafeContinuation { continuation in
            link.eventLoop.executeNow { link.value.send(request, .task(continuation)) }
        }
    }

    func abandon(because reason: String) { link.eventLoop.executeNow { link.value.abandon(because: reason) } }
}

extension EventLoop {
    /// At once when this is the event loop, as its next task when not. Calls from one thread run in their order.
    func executeNow(_ body: @escaping @Sendable () -> Void) {
        if inEventLoop { body() } else { execute(body) }
    }
}
