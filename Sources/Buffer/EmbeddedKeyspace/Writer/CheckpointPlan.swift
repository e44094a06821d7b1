// SPDX-License-Identifier: MIT

/// Decides when the write-ahead log is moved into the database: between groups, when it is about `logBytesMax` large.
///
/// The log's file does not shrink and SQLite does not tell how much of it is in use, so its growth is estimated from
/// what was written, and each checkpoint, which does tell, corrects the estimate.
struct CheckpointPlan {
    private let framesMax: Double
    private var framesPerOperation: Double = 2
    private var framesPerGroup: Double = 8
    private var operations = 0
    private var groups = 0

    init(logBytesMax: Int, pageBytes: Int) { framesMax = max(1, Double(logBytesMax) / Double(pageBytes)) }

    /// True: it is time. Payloads larger than a page count for the pages they fill.
    mutating func committed(operations count: Int, bytes: Int) -> Bool {
        operations += count + bytes / 4096
        groups += 1
        return Double(operations) * framesPerOperation + Double(groups) * framesPerGroup >= framesMax
    }

    mutating func checkpointed(frames: Int) {
        let estimate = Double(operations) * framesPerOperation + Double(groups) * framesPerGroup
        if estimate > 0, frames > 0 {
            // Half-way to what it was, and never so small that a change of habits lets the log grow without end.
            let correction = min(max((1 + Double(frames) / estimate) / 2, 0.5), 4)
            framesPerOperation = min(max(framesPerOperation * correction, 0.1), 64)
            framesPerGroup = min(max(framesPerGroup * correction, 1), 64)
        }
        operations = 0
        groups = 0
    }
}
