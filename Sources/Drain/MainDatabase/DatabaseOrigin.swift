// SPDX-License-Identifier: MIT
public import TransactionModel

/// Which history of commits a database holds. What was committed under one origin may be missing under another: a
/// promoted replica has a timeline of its own, a restored dump lies in another system.
public struct DatabaseOrigin: Sendable, Hashable {
    /// PostgreSQL's system identifier, given by initdb and shared by a primary and its physical replicas.
    public var system: UInt64
    /// Goes up with each promotion.
    public var timeline: UInt32

    public init(system: UInt64, timeline: UInt32) {
        self.system = system
        self.timeline = timeline
    }

    /// Of databases that have no word for it, such as a SQLite file: equal origins promise nothing there.
    public static let unnamed = DatabaseOrigin(system: 0, timeline: 0)

    /// Equal origins are the same history.
    public var isNamed: Bool { self != .unnamed }
}

extension DatabaseOrigin {
    /// Two decimal numbers: system and timeline.
    public var text: String { "\(system) \(timeline)" }

    public init?(text: String) {
        let parts = text.split(separator: " ")
        guard parts.count == 2, let system = UInt64(parts[0]), let timeline = UInt32(parts[1]) else { return nil }
        self.init(system: system, timeline: timeline)
    }
}

extension Position {
    public var origin: DatabaseOrigin { DatabaseOrigin(system: system, timeline: timeline) }
}
