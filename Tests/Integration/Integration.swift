// SPDX-License-Identifier: MIT
import Foundation
import Testing

/// Everything that starts real daemons; one at a time, for each wants the machine's cores.
@Suite(.serialized) enum Integration {}

/// How much is done: `SLUICE_TORTURE=1` asks for the full counts.
enum Effort {
    static let isFull = ProcessInfo.processInfo.environment["SLUICE_TORTURE"] == "1"

    static func count(short: Int, full: Int) -> Int { isFull ? full : short }

    /// `SLUICE_SEED` repeats a run.
    static let seed =
        ProcessInfo.processInfo.environment["SLUICE_SEED"].flatMap { UInt64($0) } ?? .random(in: 1...999_999)
}
