// SPDX-License-Identifier: MIT
import Glibc
import JSON
public import Logging
import TransactionModel

/// Writes one JSON object per line to stderr: `at`, `level`, `message`, `label`, then the metadata.
public struct JSONLogHandler: LogHandler {
    public var metadata: Logger.Metadata = [:]
    public var logLevel: Logger.Level = .info
    private let label: String

    public init(label: String) { self.label = label }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        var writer = JSONWriter(capacity: 256)
        writer.beginObject()
        writer.member("at", WallClock.now.description)
        writer.member("level", event.level.rawValue)
        writer.member("message", event.message.description)
        writer.member("label", label)
        let merged = metadata.merging(event.metadata ?? [:]) { _, new in new }
        for (key, value) in merged.sorted(by: { $0.key < $1.key }) where !Self.reserved.contains(key) {
            writer.name(key)
            writer.string(value.description)
        }
        writer.endObject()
        var line = writer.bytes
        line.append(UInt8(ascii: "\n"))
        // One write, so that lines of several threads don't mix.
        _ = write(STDERR_FILENO, line, line.count)
    }

    private static let reserved: Set<String> = ["at", "level", "message", "label"]
}
