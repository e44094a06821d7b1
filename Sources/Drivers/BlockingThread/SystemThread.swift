// SPDX-License-Identifier: MIT
import Glibc

/// A joinable thread of the operating system with a name and a stack of 512 KiB.
struct SystemThread: Sendable {
    static let stackBytes = 512 << 10
    /// What the kernel keeps of a name.
    static let nameBytesMax = 15

    private let id: pthread_t

    /// Starts the thread. A system that can't start one more thread can't go on: that is a trap.
    init(name: String, body: @escaping @Sendable () -> Void) {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setstacksize(&attributes, Self.stackBytes)
        let start = Unmanaged.passRetained(Start(name: name, body: body))
        var id = pthread_t()
        let code = pthread_create(
            &id, &attributes,
            { argument in
                guard let argument else { return nil }
                let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
                start.nameThisThread()
                start.body()
                return nil
            }, start.toOpaque())
        precondition(code == 0, "The system refused a thread (errno \(code)).")
        self.id = id
    }

    var isCurrent: Bool { pthread_equal(id, pthread_self()) != 0 }

    /// Waits for its end. Exactly one of `join` and `detach` is called, once.
    func join() { pthread_join(id, nil) }

    /// Lets it end on its own.
    func detach() { pthread_detach(id) }

    /// At most 15 bytes, never half a character.
    static func shortened(_ name: String) -> String {
        var short = name
        while short.utf8.count > nameBytesMax { short.removeLast() }
        return short
    }

    private final class Start: Sendable {
        let name: String
        let body: @Sendable () -> Void

        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = SystemThread.shortened(name)
            self.body = body
        }

        /// Through the file of the kernel, because `pthread_setname_np` is a GNU extension that Swift does not see.
        /// Without /proc the thread stays nameless.
        func nameThisThread() {
            let file = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
            guard file >= 0 else { return }
            defer { close(file) }
            _ = name.withCString { write(file, $0, name.utf8.count) }
        }
    }
}
