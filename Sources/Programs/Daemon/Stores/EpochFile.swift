// SPDX-License-Identifier: MIT
import Glibc
import JSON
import RedisKeyspace

/// Remembers how far a Redis keyspace had come. A hint, not a record: losing it loses nothing but the comparison.
struct EpochFile: Sendable {
    let path: String

    func read() -> EpochMark? {
        guard let bytes = try? FileBytes.read(path), let root = try? JSONDocument(parsing: bytes).root,
            let id = root["epoch"]?.string, let sequence = root["sequence"]?.int64
        else { return nil }
        return EpochMark(id: id, sequence: sequence)
    }

    /// Replaces the file in one step; a failure is left to the next time.
    func write(_ mark: EpochMark) {
        var writer = JSONWriter(capacity: 96)
        writer.beginObject()
        writer.member("epoch", mark.id)
        writer.member("sequence", mark.sequence)
        writer.endObject()
        let temporary = path + ".new"
        let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { return }
        let written = writer.bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
        close(file)
        if written == writer.bytes.count { rename(temporary, path) }
    }
}
