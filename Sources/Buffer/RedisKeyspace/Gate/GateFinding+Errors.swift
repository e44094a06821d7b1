// SPDX-License-Identifier: MIT

extension GateFinding {
    /// What an error of the server means while a connection is being made.
    init(refusedWith error: [UInt8]) {
        let error = ServerError(error)
        switch error.condition {
        case .wrongPassword:
            self.init(
                .problem, .wrongPassword, "Redis refused the user or the password.",
                advice: "correct them in keyspace.url")
        case .passwordNeeded:
            self.init(
                .problem, .passwordNeeded, "Redis wants a password.", advice: "add user:password@ to keyspace.url")
        case .noPermission:
            self.init(
                .problem, .noPermission, "The Redis user lacks a permission.",
                advice: "ACL SETUSER it with ~* or ~site:* and +@all -@dangerous +info +config|get")
        case .loading:
            self.init(.problem, .loading, "Redis is loading its data.", advice: "wait; it is asked again")
        case .busy:
            self.init(
                .problem, .busy, "Redis is busy running somebody's script.",
                advice: "SCRIPT KILL ends a script that hangs")
        case .readOnly:
            self = .replica
        case .cannotPersist:
            self = .saveFailed
        case .full, .noReplicas, .noScript, .aborted, .misdirected, nil:
            self.init(
                .problem, .refused, "Redis refused the connection (\(error.prefix)).",
                advice: "look at the server's log and at its maxclients")
        }
    }

    static let replica = GateFinding(
        .problem, .replica, "The Redis server is a replica.", advice: "name the master in keyspace.url")
    static let saveFailed = GateFinding(
        .warning, .saveFailed, "Redis could not save its data and refuses writes.",
        advice: "look at the server's disk, directory and log")

    static func unreachable(_ reason: String) -> GateFinding {
        GateFinding(
            .problem, .unreachable, "Redis can't be reached: \(reason).",
            advice: "check keyspace.url and that the server runs")
    }
}
