// SPDX-License-Identifier: MIT
import JSON
import Testing

@Suite("Mutated texts")
struct MutationTests {
    static let seeds = [
        #"{"jsonrpc":"2.0","id":7,"method":"record.get","params":{"model":"telescope","id":"t1","_meta":{}}}"#,
        #"[null,true,false,-0,1.5e-3,12345678901234567890,"",[],{}]"#,
        #"{"a":"\u0061\ud83d\ude00\n","é":"ü€😀","b":{"c":[{"d":"0123456789abcdef"}]}}"#,
        #"{"a":0,"b":1,"c":2,"d":3,"e":4,"f":5,"g":6,"h":7,"i":8,"j":9,"k":0,"l":1,"m":2,"n":3,"o":4,"p":5,"q":6}"#,
        #"[[[[[[[[[[{"x":[[[[{}]]]]}]]]]]]]]]]"#, #"{"$bytes":"AP8K"}"#, " \t\r\n[ 1 , 2 ] ",
    ]

    /// Bytes that matter to a parser, and a few that must not.
    static let favourites =
        Array("{}[]\",:\\u0123456789abdefnrtlsE+-. \n\0".utf8) + [0x80, 0xBF, 0xC3, 0xE2, 0xED, 0xF0, 0xFF]

    @Test("60,000 mutations of good texts neither trap nor change when written and read again")
    func mutations() {
        var random = SplitMix(state: 0x5EED)
        var accepted = 0
        for round in 0..<60_000 {
            var bytes = Array(Self.seeds[round % Self.seeds.count].utf8)
            for _ in 0...random.next(below: 3) { mutate(&bytes, &random) }
            bytes.withUnsafeBytes { fuzzJSON($0) }
            if (try? JSONDocument(parsing: bytes)) != nil { accepted += 1 }
        }
        // Both outcomes must be frequent, or the mutations test nothing.
        #expect((2_000...50_000).contains(accepted))
    }

    private func mutate(_ bytes: inout [UInt8], _ random: inout SplitMix) {
        guard !bytes.isEmpty else { return }
        let at = random.next(below: bytes.count)
        let favourite = Self.favourites[random.next(below: Self.favourites.count)]
        switch random.next(below: 7) {
        case 0: bytes[at] = favourite
        case 1: bytes[at] ^= 1 << UInt8(random.next(below: 8))
        case 2: bytes.insert(favourite, at: at)
        case 3: bytes.remove(at: at)
        case 4: bytes.removeSubrange(at..<min(bytes.count, at + 1 + random.next(below: 6)))
        case 5:
            let end = min(bytes.count, at + 1 + random.next(below: 12))
            bytes.insert(contentsOf: Array(bytes[at..<end]), at: random.next(below: bytes.count))
        default: bytes.removeSubrange(at...)
        }
    }
}

/// A small seeded generator, so that a failure can be repeated.
private struct SplitMix {
    var state: UInt64

    mutating func next(below bound: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return Int((mixed ^ mixed >> 31) % UInt64(bound))
    }
}
