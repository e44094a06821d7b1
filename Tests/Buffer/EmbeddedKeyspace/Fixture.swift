// SPDX-License-Identifier: MIT
import Foundation
import JSON
import Keyspace
import KeyspaceConformance
import SQLiteConnection
import Synchronization
import TransactionModel

@testable import EmbeddedKeyspace

/// A directory of its own, a clock that stands, and faults on demand.
final class Fixture: Sendable {
    let directory: String
    let clock = Mutex(Timestamp(microseconds: 1_780_000_000_000_000))
    let fault = Mutex<SQLiteError?>(nil)
    let failures = Mutex<[KeyspaceError]>([])

    init() {
        directory = NSTemporaryDirectory() + "keyspace-" + UUID().uuidString
        try? FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    var path: String { directory + "/keyspace.db" }

    func settings(_ site: SiteSettings = SiteSettings(site: "test")) -> EmbeddedSettings {
        var settings = EmbeddedSettings(path: path, site: site)
        settings.reserveBytes = 256 << 10
        return settings
    }

    func open(_ settings: EmbeddedSettings? = nil) throws(KeyspaceError) -> EmbeddedKeyspace {
        let hooks = WriterHooks(
            now: { [self] in clock.withLock { $0 } },
            onFailure: { [self] error in failures.withLock { $0.append(error) } },
            commitFault: { [self] in fault.withLock { $0 } })
        // A child that another test forks at this moment has our lock's descriptor until it executes its program.
        for _ in 0..<200 {
            do {
                return try EmbeddedKeyspace(settings ?? self.settings(), hooks: hooks)
            } catch  where error.message.contains("in use") {
                usleep(10_000)
            }
        }
        return try EmbeddedKeyspace(settings ?? self.settings(), hooks: hooks)
    }

    func advanceClock(by duration: Duration) { clock.withLock { $0 = $0 + duration } }

    /// Runs `body` on a keyspace that is closed afterwards.
    func with(
        _ settings: EmbeddedSettings? = nil, _ body: (Subject, EmbeddedKeyspace) async throws -> Void
    ) async throws {
        let settings = settings ?? self.settings()
        let keyspace = try open(settings)
        do {
            try await body(Subject(keyspace, settings: settings.site), keyspace)
        } catch {
            await keyspace.close()
            throw error
        }
        await keyspace.close()
    }
}

/// Codes of SQLite.
enum Fault {
    static let fsync = SQLiteError(extendedCode: 1034)
    /// A file system that learns only while syncing that it has no space (errno 28).
    static let fsyncWithoutSpace = SQLiteError(extendedCode: 1034, systemErrno: 28)
    static let write = SQLiteError(extendedCode: 778)
    static let full = SQLiteError(extendedCode: 13)
}
