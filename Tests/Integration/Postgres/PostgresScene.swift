// SPDX-License-Identifier: MIT
#if Postgres
import DaemonHarness
import Foundation
import JSON
import PostgresServer

/// A real PostgreSQL with a real streaming replica, and a sidecar that writes to the one and reads from the other.
final class PostgresScene {
    let primary: PostgresServer
    let replica: PostgresServer
    let sidecar: Sidecar

    init(_ schema: String, settings: [String: String] = [:]) throws {
        primary = try PostgresServer()
        try primary.psql(schema)
        replica = try primary.replica()
        // What nobody commits is written out some time within 15 s; a replica can't have it before.
        try primary.psql("CHECKPOINT")
        try replica.catchUp(with: primary)
        sidecar = try Sidecar(
            settings: ["main.url": primary.url, "replica.urls": replica.url].merging(settings) { _, given in given })
        try sidecar.start()
    }

    func client() throws -> FrameClient { try FrameClient(sidecar.socketPath, timeoutSeconds: 60) }

    static let schema = """
        CREATE TYPE telescope_state AS ENUM ('idle', 'busy', 'off');
        CREATE TABLE telescope (
            id text PRIMARY KEY, name text UNIQUE, shots int NOT NULL DEFAULT 0,
            state telescope_state NOT NULL DEFAULT 'idle');
        CREATE TABLE observation (
            id uuid PRIMARY KEY, telescope_id text NOT NULL REFERENCES telescope (id), note text,
            started timestamptz NOT NULL DEFAULT now(), quality numeric(6, 2), tags text[], header jsonb);
        CREATE TABLE exposure (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, observation_id uuid, label text NOT NULL);
        INSERT INTO telescope (id, name) VALUES ('t1', 'north'), ('t2', 'south'), ('t3', 'east');
        """
}

extension PostgresServer: RowReader {
    func rows(_ script: String) throws -> [[String]] {
        let text = try psql(script)
        return text.isEmpty ? [] : text.components(separatedBy: "\n").map { $0.components(separatedBy: "|") }
    }
}
#endif
