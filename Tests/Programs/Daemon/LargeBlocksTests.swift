// SPDX-License-Identifier: MIT
import Glibc
import Testing

@testable import Daemon

@Suite struct LargeBlocksTests {
    /// Of a block that glibc gave out: whether it is a mapping of its own, the second bit of the word before it.
    private func isMapped(bytes: Int) -> Bool {
        guard let block = malloc(bytes) else { return false }
        defer { free(block) }
        return block.load(fromByteOffset: -8, as: UInt.self) & 2 != 0
    }

    @Test func `a large block is a mapping of its own, also after larger ones were freed`() {
        LargeBlocks.returnToSystem()
        #expect(isMapped(bytes: 16 << 20))
        #expect(isMapped(bytes: 4 << 20))
        #expect(!isMapped(bytes: 64 << 10))
    }
}
