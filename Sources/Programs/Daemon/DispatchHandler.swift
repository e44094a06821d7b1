// SPDX-License-Identifier: MIT
import RequestDispatch
import SocketServer

/// Joins the socket to the methods.
struct DispatchHandler: RequestHandler {
    let dispatcher: RequestDispatcher

    func open(_ peer: PeerConnection) -> DispatchSession {
        DispatchSession(session: ClientSession(dispatcher: dispatcher) { peer.send($0) })
    }

    func settle() { dispatcher.settle() }
}

struct DispatchSession: RequestSession {
    let session: ClientSession

    func read(_ frame: [UInt8]) -> ClientRequest { ClientRequest(frame) }

    func begin(_ request: ClientRequest, answer: @escaping @Sendable ([UInt8]?) -> Void) -> Bool {
        session.begin(request, answer: answer)
    }

    func respond(to request: ClientRequest) async -> [UInt8]? { await session.respond(to: request) }

    func refused(_ frame: [UInt8]) { session.refused(frame) }

    func close() async { await session.close() }
}
