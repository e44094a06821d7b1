// SPDX-License-Identifier: MIT
import Glibc
import JSON
import Keyspace
import RedisKeyspace

/// Remembers how far a Redis keyspace had come. A hint, not a record: losing it loses nothing but the comparison.
struct EpochFile: Sendable {
    let path: String
    /// The prefix of the site's keys.
    let keys: String

    /// Throws `.incompatible` when it is of other keys: what was accepted under those would wait for ever, unseen.
    func read() throws(KeyspaceError) -> EpochMark? {
        guard let bytes = try? FileBytes.read(path), let root = try? JSONDocument(parsing: bytes).root,
            let id = root["epoch"]?.string, let sequence = root["sequence"]?.int64
        else { return nil }
        if let others = root["keys"]?.string, others != keys {
            throw KeyspaceError(
                .incompatible,
                "\(path) is of the keys \(others)... in Redis, and this configuration has \(keys)...: what was accepted"
                    + " there is applied only under its own site.name and keyspace.hash_tag; start with those, or with"
                    + " another state directory")
        }
        return EpochMark(id: id, sequence: sequence)
    }

    /// Replaces the file in one step; a failure is left to the next time.
    func write(_ mark: EpochMark) {
        var writer = JSONWriter(capacity: 96)
        writer.beginObject()
        writer.member("keys", keys)
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
