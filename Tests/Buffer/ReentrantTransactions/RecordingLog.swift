// SPDX-License-Identifier: MIT
import Logging
import Synchronization

/// Keeps the levels of what was logged.
final class RecordingLog: Sendable {
    private let recorded = Mutex<[Logger.Level]>([])

    var levels: [Logger.Level] { recorded.withLock { $0 } }

    var logger: Logger { Logger(label: "test") { _ in Handler(log: self) } }

    private struct Handler: LogHandler {
        let log: RecordingLog
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) { log.recorded.withLock { $0.append(event.level) } }
    }
}
