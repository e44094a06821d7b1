// SPDX-License-Identifier: MIT
import Glibc
import UnixSignals

/// Which signals end the daemon gracefully.
enum StopSignals {
    /// SIGHUP is the end of the terminal, and as good a reason as any; unless it was to be ignored, as nohup(1) asks.
    static var current: [UnixSignal] {
        var action = sigaction()
        sigaction(SIGHUP, nil, &action)
        return isIgnored(action) ? [.sigterm, .sigint] : [.sigterm, .sigint, .sighup]
    }

    private static func isIgnored(_ action: sigaction) -> Bool {
        // SIG_IGN is a number in the place of a function, which Swift does not compare.
        unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self) == ignored
    }

    private static let ignored = unsafeBitCast(SIG_IGN, to: Int.self)
}
