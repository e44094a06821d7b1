// SPDX-License-Identifier: MIT
import JSON
import TransactionModel

/// The conflict keys of what is in hand, numbered: their names are hashed once, and compared as small numbers after that.
struct ConflictSlots: Sendable {
    struct Key: Sendable {
        var slot: Int
        /// One bit.
        var use: UInt8
        /// Bits of the uses that conflict with it.
        var conflicts: UInt8
    }

    /// A bit per use, by slot.
    typealias Uses = [UInt8]

    private var numbers: [ByteString: Int] = [:]
    private var names: [ByteString] = []
    /// How many transactions have the key; nobody: the slot is free.
    private var counts: [Int] = []
    private var free: [Int] = []

    var noUses: Uses { Uses(repeating: 0, count: counts.count) }

    mutating func take(_ keys: [ConflictKey]) -> [Key] {
        keys.map { key in
            let slot = slot(of: key.name)
            counts[slot] += 1
            return Key(slot: slot, use: key.use.bit, conflicts: key.use.conflictingBits)
        }
    }

    mutating func giveBack(_ keys: [Key]) {
        for key in keys {
            counts[key.slot] -= 1
            guard counts[key.slot] == 0 else { continue }
            numbers[names[key.slot]] = nil
            free.append(key.slot)
        }
    }

    func mark(_ keys: [Key], in uses: inout Uses) {
        for key in keys { uses[key.slot] |= key.use }
    }

    func conflict(_ keys: [Key], _ uses: Uses) -> Bool { keys.contains { uses[$0.slot] & $0.conflicts != 0 } }

    /// Which belong together, because each conflicts with another one of its group: groups by their first member,
    /// members in order.
    func groups(_ lists: [[Key]]) -> [[Int]] {
        var uses = noUses
        for keys in lists { mark(keys, in: &uses) }
        var sets = DisjointSets(count: lists.count)
        var member = [Int](repeating: -1, count: counts.count)
        for (index, keys) in lists.enumerated() {
            for key in keys where Self.joins(key.use, uses[key.slot]) {
                if member[key.slot] >= 0 { sets.join(member[key.slot], index) }
                member[key.slot] = index
            }
        }
        var groups: [[Int]] = []
        var numbers = [Int](repeating: -1, count: lists.count)
        for index in lists.indices {
            let root = sets.root(index)
            if numbers[root] < 0 {
                numbers[root] = groups.count
                groups.append([])
            }
            groups[numbers[root]].append(index)
        }
        return groups
    }

    /// Whether a use makes its transaction hang together with the others that use the same key.
    private static func joins(_ use: UInt8, _ uses: UInt8) -> Bool {
        if uses & ConflictKey.Use.exclusive.bit != 0 { return true }
        let both = ConflictKey.Use.writes.bit | ConflictKey.Use.reads.bit
        return uses & both == both && use & both != 0
    }

    private mutating func slot(of name: ByteString) -> Int {
        if let known = numbers[name] { return known }
        let slot: Int
        if let last = free.popLast() {
            slot = last
            names[slot] = name
        } else {
            slot = names.count
            names.append(name)
            counts.append(0)
        }
        numbers[name] = slot
        return slot
    }
}

/// Numbers that are joined into sets; the root of a set is its smallest member.
private struct DisjointSets {
    private var parents: [Int]

    init(count: Int) { parents = Array(0..<count) }

    mutating func root(_ member: Int) -> Int {
        var member = member
        while parents[member] != member {
            parents[member] = parents[parents[member]]
            member = parents[member]
        }
        return member
    }

    mutating func join(_ a: Int, _ b: Int) {
        let (a, b) = (root(a), root(b))
        if a != b { parents[max(a, b)] = min(a, b) }
    }
}

extension ConflictKey.Use {
    fileprivate var bit: UInt8 {
        switch self {
        case .exclusive: 1
        case .writes: 2
        case .reads: 4
        case .refers: 8
        }
    }

    fileprivate var conflictingBits: UInt8 { Self.conflicting[Int(bit.trailingZeroBitCount)] }

    private static let conflicting: [UInt8] = [.exclusive, .writes, .reads, .refers].map { (use: Self) in
        all.reduce(0) { use.conflicts(with: $1) ? $0 | $1.bit : $0 }
    }
}
