// SPDX-License-Identifier: MIT
import Glibc
import Testing

@testable import Daemon

@Suite struct LargeBlocksTests {
    /// Of a block that glibc gave out: whether it is a mapping of its own, the second bit of the word before it. It is asked of
    /// the last of many: the first may fill what other tests have left free in the heap.
    private func isMapped(bytes: Int) -> Bool {
        let blocks = (0..<64).compactMap { _ in malloc(bytes) }
        defer { for block in blocks { free(block) } }
        return blocks.last.map { $0.load(fromByteOffset: -8, as: UInt.self) & 2 != 0 } ?? false
    }

    @Test func `a large block is a mapping of its own, also after larger ones were freed`() {
        LargeBlocks.returnToSystem()
        #expect(isMapped(bytes: 16 << 20))
        #expect(isMapped(bytes: 4 << 20))
        #expect(!isMapped(bytes: 64 << 10))
    }
}
