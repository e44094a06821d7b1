// SPDX-License-Identifier: MIT
import Keyspace
import SQLiteConnection
import TransactionModel

/// Reading commands on the site's views.
///
/// A key that is not there is left to the ordinary commands, which do not have it either and know what Redis says then.
struct ViewCommands {
    let store: Store
    let now: Timestamp

    /// `command` has the right number of arguments, and one of its `keys` is a view.
    func run(_ name: String, _ command: Command, keys: [[UInt8]]) throws(SQLiteError) -> Reply {
        switch name {
        case "EXISTS", "TOUCH":
            var count = 0
            for key in keys where try CommandRouter(store: store).exists(key, now: now) { count += 1 }
            return .count(count)
        case "MGET":
            var values: [Reply] = []
            for key in keys {
                let reply = try CommandRouter(store: store).run(Command("GET", key), now: now)
                if case .bulk = reply { values.append(reply) } else { values.append(.null) }
            }
            return .array(values)
        default:
            guard keys.count == 1 else {
                return .error(.err("the keys of a site can't be combined; read them one by one"))
            }
            return try runSingle(name, command, key: keys[0])
        }
    }

    private func runSingle(_ name: String, _ command: Command, key: [UInt8]) throws(SQLiteError) -> Reply {
        guard let view = SiteViews(store: store, now: now).view(of: key), try view.exists() else {
            return try store.engine.run(command, now: now)
        }
        switch name {
        case "TYPE": return .status(view.typeName)
        case "TTL", "PTTL", "EXPIRETIME", "PEXPIRETIME": return try expiry(name, view)
        default: break
        }
        do {
            var arguments = ArgumentReader(command)
            _ = try arguments.bytes()
            let reply =
                switch view {
                case .string(let view): try StringViewCommands.run(name, &arguments, view)
                case .list(let view): try ListViewCommands.run(name, &arguments, view)
                case .set(let view): try SetViewCommands.run(name, &arguments, view)
                case .sortedSet(let view): try SortedSetViewCommands.run(name, &arguments, view)
                case .hash(let view): try HashViewCommands.run(name, &arguments, view)
                }
            return reply ?? .error(.wrongType)
        } catch let error as CommandError {
            return .error(error)
        } catch let error as SQLiteError {
            throw error
        } catch {
            preconditionFailure("A command fails as a command or as SQLite does.")
        }
    }

    private func expiry(_ name: String, _ view: SiteView) throws(SQLiteError) -> Reply {
        guard case .string(let string) = view, let transaction = string as? TransactionView,
            let time = try transaction.expiry()
        else { return .integer(-1) }
        let milliseconds = time.microseconds / 1000
        let left = max(0, milliseconds - now.microseconds / 1000)
        switch name {
        case "TTL": return .integer((left + 500) / 1000)
        case "PTTL": return .integer(left)
        case "EXPIRETIME": return .integer(milliseconds / 1000)
        default: return .integer(milliseconds)
        }
    }
}

/// The parts of reads that would be unbounded.
enum ViewLimits {
    /// Members that one command may answer at most; beyond, it is refused in favour of ranges and scans.
    static let membersMax = 100_000
    /// Bytes of one LRANGE at most, but for the last page.
    static let bytesMax = 32 << 20
    /// Items that LRANGE reads at a time; small, because each may be as large as a frame.
    static let pageItems = 16

    static func check(_ count: Int) throws(CommandError) {
        guard count <= membersMax else { throw .err("too many members for one reply; use a range or a scan") }
    }
}
