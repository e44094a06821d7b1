// SPDX-License-Identifier: MIT
#if Postgres
import DaemonHarness
import PostgresServer
import RedisServer

/// What happens to the servers while clients read and write.
struct RecallChaos {
    private let scene: PostgresScene
    private var random: SeededGenerator
    private var isPaused = false
    /// What happened, and after how many reads.
    private(set) var story: [String] = []
    private(set) var counts: [String: Int] = [:]

    init(_ scene: PostgresScene, seed: UInt64) {
        self.scene = scene
        random = SeededGenerator(seed: ~seed)
    }

    mutating func strike(after reads: Int) throws {
        story.append("\(reads):")
        switch Int.random(in: 0..<12, using: &random) {
        case 0...3: try turnReplay()
        case 4: try restartReplica()
        case 5: try restartPrimary()
        case 6, 7: try restartDaemon()
        case 8: try restartKeyspace()
        case 9:
            // The daemon starts while its main database is away.
            scene.primary.kill()
            try restartDaemon()
            try scene.primary.start()
        case 10:
            // Nobody remembers how far the replica was.
            scene.sidecar.kill()
            try restartReplica()
            try restartDaemon()
        default:
            try restartReplica()
            try turnReplay()
        }
    }

    /// Everything runs again.
    mutating func calm() throws { if isPaused { try turnReplay() } }

    var description: String {
        counts.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
    }

    private mutating func turnReplay() throws {
        if isPaused { try scene.replica.resumeReplay() } else { try scene.replica.pauseReplay() }
        isPaused.toggle()
        note(isPaused ? "pause" : "resume")
    }

    private mutating func note(_ event: String) {
        story.append(event)
        counts[event, default: 0] += 1
    }

    /// A restarted server replays.
    private mutating func restartReplica() throws {
        note("replica")
        isPaused = false
        try scene.replica.restart(.immediate)
    }

    private mutating func restartPrimary() throws {
        note("primary")
        try scene.primary.restart(.immediate)
    }

    private mutating func restartDaemon() throws {
        note("daemon")
        scene.sidecar.kill()
        try scene.sidecar.start()
    }

    /// The embedded one lives in the daemon.
    private mutating func restartKeyspace() throws {
        guard let redis = scene.sidecar.redis else { return try restartDaemon() }
        note("redis")
        redis.kill()
        try redis.start()
    }
}
#endif
