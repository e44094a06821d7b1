// SPDX-License-Identifier: MIT
import Keyspace

/// What a site looks like in Redis.
///
/// The documented keys are there as they are documented, so that `redis-cli` shows them:
///
/// | key | type | |
/// |---|---|---|
/// | `transaction_buffer` | list | payloads, LPUSH in, worked from the tail; in order of the sequence |
/// | `transaction:{id}` | string | the payload's members and those that change; a TTL once terminal |
/// | `cache:ids:{record}`, `buffered:{record}` | string | the record as JSON, until replicated |
/// | `record_pending:{record}` | list | the changes, oldest first: what the other views are folded from |
/// | `read_buffer:{record}`, its `:updates` | hash, list | column to JSON; the changes with their time |
/// | `buffered_index:{model}` | set | encoded ids with pending changes |
/// | `read_buffer:transaction:{id}:affected_records` | set | records in which the transaction is pending |
/// | `transaction_retry`, `transaction_dead_letter`, `transaction_recent` | zset | ids by ms; the last one capped |
/// | `replication_pending` | zset | ids by position |
/// | `held_records` | hash | conflict key to the blocker that must be resolved first |
/// | `parked:{blocker}` | list | ids in order of acceptance |
/// | `counters` | hash | `accepted` is the last sequence as well |
/// | `processor_lease` | string | JSON, expires |
///
/// Beside them, under the same prefix, stand what only the scripts read:
///
/// | key | type | |
/// |---|---|---|
/// | `transaction_state:{id}` | string | ``LuaState``; outlives the status by ``memory``, so that a repeat is known |
/// | `processing` | zset | claimed ids by token |
/// | `processor` | hash | `token` confirmed last, `claimed_tail` |
/// | `holders:{conflict key}`, `held_keys:{id}` | zset, set | who holds a key; what one holds |
/// | `overlay_order:{model}` | zset | copy of a large index in byte order, for a minute |
/// | `dead_letter_raw:{id}` | string | bytes of a malformed element |
/// | `epoch` | hash | `id`, made once with the keyspace |
///
/// A score is a double: positions up to 2^53 are exact, and larger ones rounded up, so that nothing is released
/// too early by more than the rounding of the asker. PostgreSQL's positions, multiples of 8, are exact up to 2^56.
///
/// All of a site's keys begin alike, and with a hash tag they live on one node of a cluster. The scripts name one key,
/// by which they are routed, and make the others from the prefix.
struct RedisStorage {
    /// How long an id, its hash and its outcome are remembered after it became terminal. Beyond, the main database's
    /// ledger is the one that knows a late repeat.
    static let memory: Duration = .seconds(86_400)
    /// Members of `transaction_recent`, give or take a hundred.
    static let recentMax = 10_000
    /// Changes of a record that are folded again when one of them is released.
    static let foldMax = 256
    /// Foreign elements that a claim reports at once.
    static let foreignMax = 64
    /// Members of an index that are sorted for each page.
    static let sortedMax = 2000

    /// What follows the prefix in the keys that only the scripts read.
    private static let internalNames = [
        "transaction_state:", "processing", "processor", "holders:", "held_keys:", "overlay_order:", "dead_letter_raw:",
        "epoch",
    ]

    private let site: SiteSettings

    init(_ site: SiteSettings) { self.site = site }

    /// Whether a key is the adapter's own affair, and none of the documented ones.
    func isInternal(_ key: String) -> Bool {
        let prefix = site.keys.prefix
        guard key.utf8.starts(with: prefix.utf8) else { return false }
        let name = key.utf8.dropFirst(prefix.utf8.count)
        return Self.internalNames.contains { internalName in
            internalName.hasSuffix(":") ? name.starts(with: internalName.utf8) : name.elementsEqual(internalName.utf8)
        }
    }

    func script(_ name: String, _ script: (flags: String, text: String)) -> ProcedureScript {
        ProcedureScript(name: name, text: Array("#!lua\(script.flags)\n\(constants)\n\(script.text)".utf8))
    }

    private var constants: String {
        let statusTTL = max(1, site.statusTimeToLive.milliseconds)
        return """
            local P, STATUS_TTL, MEMORY_TTL = \(Self.quoted(site.keys.prefix)), \(statusTTL), \
            \(max(statusTTL, Self.memory.milliseconds))
            local TRANSACTIONS_MAX, BYTES_MAX = \(site.transactionsMax), \(site.bytesMax)
            local RECENT_MAX, FOLD_MAX = \(Self.recentMax), \(Self.foldMax)
            local FOREIGN_MAX, SORTED_MAX = \(Self.foreignMax), \(Self.sortedMax)
            """
    }

    private static func quoted(_ text: String) -> String {
        let bytes = text.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: ":"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "{"), UInt8(ascii: "}"):
                String(Character(Unicode.Scalar(byte)))
            default: "\\" + String(repeating: "0", count: byte < 10 ? 2 : byte < 100 ? 1 : 0) + String(byte)
            }
        }
        return "'" + bytes.joined() + "'"
    }
}

extension Duration {
    var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}
