// SPDX-License-Identifier: MIT
internal import Glibc

/// Lines from a descriptor that it owns. Used by one thread at a time.
public final class LineReader: @unchecked Sendable {  // whoever holds it reads; nobody shares it while reading
    private let descriptor: Int32
    private var pending: [UInt8] = []
    private var scanned = 0

    init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// Blocks for the next line, without its end; nil at the end of the stream. A last line may lack its end.
    public func next() -> String? {
        var chunk = [UInt8](repeating: 0, count: 16_384)
        while true {
            if let end = pending[scanned...].firstIndex(of: UInt8(ascii: "\n")) {
                defer {
                    pending.removeFirst(end + 1)
                    scanned = 0
                }
                return String(decoding: pending[..<end], as: UTF8.self)
            }
            scanned = pending.count
            let count = read(descriptor, &chunk, chunk.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else {
                guard !pending.isEmpty else { return nil }
                defer {
                    pending = []
                    scanned = 0
                }
                return String(decoding: pending, as: UTF8.self)
            }
            pending += chunk[..<count]
        }
    }

    /// Everything up to the end.
    public func rest() -> [String] {
        var lines: [String] = []
        while let line = next() { lines.append(line) }
        return lines
    }
}
