// SPDX-License-Identifier: MIT

/// Finds a name that stands twice in one object. Names compare by their decoded bytes.
///
/// Small objects compare the 32-bit hashes that the parser left in the tape. Those can be made to collide on purpose,
/// so where two are equal, and for larger objects, a table over the standard library's seeded hash decides: work stays
/// linear in the text.
struct DuplicateNames {
    static let pairwiseMax = 16

    let base: UnsafePointer<UInt8>
    let tape: UnsafeMutablePointer<TapeEntry>
    /// Pairs of names looked at so far, and how many of them down to their bytes; the tests bound both.
    private(set) var comparisons = 0
    private(set) var byteComparisons = 0

    init(base: UnsafePointer<UInt8>, tape: UnsafeMutablePointer<TapeEntry>) {
        self.base = base
        self.tape = tape
    }

    /// The tape index of the first name that occurred before, among `count` members from `first` on.
    @inline(__always)
    mutating func find(first: Int, count: Int) -> Int? {
        guard count > 1 else { return nil }
        guard count <= Self.pairwiseMax else { return findInTable(first: first, count: count) }
        var seen: UInt64 = 0
        var name = first
        for _ in 0..<count {
            let bit = UInt64(1) << UInt64(tape[name].link & 63)
            // Two in one of 64 places: only then is it worth comparing.
            if seen & bit != 0 {
                return hasEqualHashes(first: first, count: count) ? findInTable(first: first, count: count) : nil
            }
            seen |= bit
            name = Int(tape[name &+ 1].link)
        }
        return nil
    }

    @inline(never)
    private mutating func hasEqualHashes(first: Int, count: Int) -> Bool {
        var name = first
        for index in 0..<count {
            var earlier = first
            for _ in 0..<index {
                comparisons &+= 1
                if tape[earlier].link == tape[name].link { return true }
                earlier = Int(tape[earlier &+ 1].link)
            }
            name = Int(tape[name &+ 1].link)
        }
        return false
    }

    @inline(never)
    private mutating func findInTable(first: Int, count: Int) -> Int? {
        var slotCount = 64
        while slotCount < count * 2 { slotCount *= 2 }
        var slots = [(hash: Int, name: Int)](repeating: (0, -1), count: slotCount)
        var name = first
        for _ in 0..<count {
            let hash = seededHash(name)
            var slot = hash & (slotCount - 1)
            while slots[slot].name >= 0 {
                comparisons &+= 1
                if slots[slot].hash == hash, isSame(slots[slot].name, name) { return name }
                slot = (slot + 1) & (slotCount - 1)
            }
            slots[slot] = (hash, name)
            name = Int(tape[name &+ 1].link)
        }
        return nil
    }

    private func seededHash(_ name: Int) -> Int {
        StringDecoder.withDecoded(tape[name], of: base) { bytes in
            var hasher = Hasher()
            hasher.combine(bytes: UnsafeRawBufferPointer(bytes))
            return hasher.finalize()
        }
    }

    private mutating func isSame(_ left: Int, _ right: Int) -> Bool {
        byteComparisons &+= 1
        guard tape[left].size == tape[right].size else { return false }
        let (base, leftEntry, rightEntry) = (base, tape[left], tape[right])
        return StringDecoder.withDecoded(leftEntry, of: base) { leftBytes in
            StringDecoder.withDecoded(rightEntry, of: base) { rightBytes in
                guard let leftBase = leftBytes.baseAddress, let rightBase = rightBytes.baseAddress else { return true }
                return ByteWords.equal(leftBase, rightBase, count: leftBytes.count)
            }
        }
    }
}
