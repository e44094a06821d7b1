// SPDX-License-Identifier: MIT
internal import Glibc
internal import NIOCore

/// Who connected, by SO_PEERCRED. The layout is the system's `ucred`; its pid says nothing across pid namespaces.
struct PeerCredentials: Sendable {
    private let pid: Int32 = 0
    let uid: UInt32
    let gid: UInt32

    static func read(from channel: any Channel) -> EventLoopFuture<PeerCredentials> {
        guard let provider = channel as? any SocketOptionProvider else {
            return channel.eventLoop.makeFailedFuture(ChannelError.operationUnsupported)
        }
        return provider.unsafeGetSocketOption(level: .socket, name: NIOBSDSocket.Option(rawValue: SO_PEERCRED))
    }
}
