// SPDX-License-Identifier: MIT
import Foundation
import Synchronization

/// Servers that live as long as the process: what no `deinit` ends is ended, and its files removed, at exit.
enum LeftOvers {
    private static let servers = Mutex<[pid_t: String]>([:])

    private static let atEnd: Void = {
        _ = atexit {
            for (process, directory) in LeftOvers.servers.withLock({ $0 }) {
                kill(process, SIGQUIT)
                Program.wait(process)
                try? FileManager.default.removeItem(atPath: directory)
            }
        }
    }()

    static func add(_ process: pid_t, _ directory: String) {
        _ = atEnd
        servers.withLock { $0[process] = directory }
    }

    static func remove(_ process: pid_t) { servers.withLock { _ = $0.removeValue(forKey: process) } }
}
