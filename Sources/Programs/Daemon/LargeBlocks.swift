// SPDX-License-Identifier: MIT
import CMalloc

/// Memory of large requests.
enum LargeBlocks {
    private static let bytesMin: Int32 = 256 << 10
    private static let keptBytesMax: Int32 = 1 << 20

    /// From now on each block of 256 KiB or more is a mapping of its own, and goes back to the system when it is freed.
    ///
    /// By default glibc raises that limit up to 32 MiB as soon as one such block was freed. What one thread allocates and
    /// another frees then stays in the heap: after a few hundred requests of 4 MiB the process had gigabytes of it.
    static func returnToSystem() {
        mallopt(M_MMAP_THRESHOLD, bytesMin)
        mallopt(M_TRIM_THRESHOLD, keptBytesMax)
    }
}
