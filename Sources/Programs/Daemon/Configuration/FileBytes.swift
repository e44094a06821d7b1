// SPDX-License-Identifier: MIT
import Glibc

/// Small files, whole.
enum FileBytes {
    /// Of a file; a longer one fails with `EFBIG`.
    static let bytesMax = 1 << 20

    struct Failure: Error {
        var errno: Int32
    }

    static func read(_ path: String) throws(Failure) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failure(errno: errno) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while bytes.count < bytesMax {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            guard count >= 0 else { throw Failure(errno: errno) }
            if count == 0 { break }
            bytes += chunk[..<count]
        }
        guard bytes.count < bytesMax else { throw Failure(errno: EFBIG) }
        return bytes
    }
}
