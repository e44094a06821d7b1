// SPDX-License-Identifier: MIT
import RequestDispatch
import SocketServer

/// Joins the socket to the methods.
struct DispatchHandler: RequestHandler {
    let dispatcher: RequestDispatcher

    func open(_ peer: PeerConnection) -> DispatchSession {
        DispatchSession(session: ClientSession(dispatcher: dispatcher) { peer.send($0) })
    }
}

struct DispatchSession: RequestSession {
    let session: ClientSession

    func respond(to frame: [UInt8]) async -> [UInt8]? { await session.respond(to: frame) }

    func close() async { session.close() }
}
