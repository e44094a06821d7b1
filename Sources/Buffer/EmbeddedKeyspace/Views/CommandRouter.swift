// SPDX-License-Identifier: MIT
import Keyspace
import SQLiteConnection
import TransactionModel

/// Sends a command to the ordinary keys or to the site's views.
struct CommandRouter {
    let store: Store

    func run(_ command: Command, now: Timestamp) throws(SQLiteError) -> Reply {
        guard let specification = CommandTable.specification(of: command),
            specification.takes(command.arguments.count)
        else { return try store.engine.run(command, now: now) }
        if store.isFull, specification.isWrite, !isAllowedWhenFull(specification, command) {
            return .error(CommandError("OOM", "command not allowed while the keyspace is full"))
        }
        switch specification.name {
        case "KEYS", "SCAN", "DBSIZE": return try SiteKeyListing(store: store, now: now).run(command)
        default: break
        }
        let keys = specification.keys(of: command)
        guard keys.contains(where: store.site.isView) else { return try store.engine.run(command, now: now) }
        if let error = store.site.check(command) { return .error(error) }
        return try ViewCommands(store: store, now: now).run(specification.name, command, keys: keys)
    }

    func exists(_ key: [UInt8], now: Timestamp) throws(SQLiteError) -> Bool {
        guard store.site.isView(key) else { return try store.engine.exists(key, now: now) }
        return try SiteViews(store: store, now: now).view(of: key)?.exists() ?? false
    }

    /// What makes room, and the lease and schema, without which nothing drains.
    private func isAllowedWhenFull(_ specification: CommandSpecification, _ command: Command) -> Bool {
        switch specification.name {
        case "DEL", "UNLINK", "HDEL", "LPOP", "RPOP", "LREM", "LTRIM", "SREM", "SPOP", "ZREM", "ZPOPMIN", "ZPOPMAX",
            "ZREMRANGEBYRANK", "ZREMRANGEBYSCORE", "EXPIRE", "PEXPIRE", "EXPIREAT", "PEXPIREAT", "GETDEL":
            true
        default: specification.keys(of: command).allSatisfy { $0.starts(with: store.site.prefix) }
        }
    }
}
