// SPDX-License-Identifier: MIT
import Foundation
import Testing

@testable import SluiceClient

@Suite("UUIDs of version 7")
struct UUIDv7Tests {
    private struct Constant: RandomNumberGenerator {
        let value: UInt64
        func next() -> UInt64 { value }
    }

    @Test(
        "Time, version and variant stand where RFC 9562 puts them",
        arguments: [
            (0 as UInt64, 0 as UInt64, "00000000-0000-7000-8000-000000000000"),
            (0x017f_22e2_79b0, 0, "017f22e2-79b0-7000-8000-000000000000"),
            (0xffff_ffff_ffff, .max, "ffffffff-ffff-7fff-bfff-ffffffffffff"),
        ])
    func layout(milliseconds: UInt64, random: UInt64, text: String) {
        var generator = Constant(value: random)
        #expect(UUIDv7.text(milliseconds: milliseconds, using: &generator) == text)
    }

    @Test("Generated ones are UUIDs of now, and differ")
    func generated() throws {
        let ids = (0..<1000).map { _ in UUIDv7.generate() }
        #expect(Set(ids).count == ids.count)
        let id = try #require(ids.first)
        #expect(UUID(uuidString: id) != nil)
        let milliseconds = try #require(UInt64(id.prefix(13).replacing("-", with: ""), radix: 16))
        let now = UInt64(Date().timeIntervalSince1970 * 1000)
        #expect(now >= milliseconds && now - milliseconds < 60_000)
    }
}
