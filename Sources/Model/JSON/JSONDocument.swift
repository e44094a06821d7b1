// SPDX-License-Identifier: MIT

/// A parsed text: its bytes, and a flat tape with one entry per value and name.
///
/// Strict RFC 8259; what is refused beyond the grammar stands in ``JSONError/Code``. A parse allocates twice, whatever
/// the text holds; only an object of more than 16 members, or with names of equal cheap hash, allocates a table while its
/// names are compared.
public struct JSONDocument: Sendable {
    /// Arrays and objects around one another, the outermost included.
    public static let depthMax = 128
    /// The tape's offsets have 31 bits.
    public static let bytesMax = Int(Int32.max)

    let storage: JSONStorage

    /// Parses one text. It must be one value, with optional whitespace around it.
    public init(parsing bytes: [UInt8]) throws(JSONError) {
        try self.init(parsing: bytes, bytesMax: Self.bytesMax)
    }

    public init(parsing text: String) throws(JSONError) {
        try self.init(parsing: Array(text.utf8))
    }

    init(parsing bytes: [UInt8], bytesMax: Int) throws(JSONError) {
        guard bytes.count <= bytesMax else { throw JSONError(.tooLarge, at: bytesMax) }
        storage = JSONStorage(bytes: bytes, tape: try Self.tape(of: bytes))
    }

    public var bytes: [UInt8] { storage.bytes }

    public var root: JSONView { JSONView(storage: storage, index: 0) }

    private static func tape(of bytes: [UInt8]) throws(JSONError) -> [TapeEntry] {
        // The library's closures throw untyped; the error travels beside them.
        var failure: JSONError?
        let tape = bytes.withUnsafeBufferPointer { text -> [TapeEntry] in
            guard let base = text.baseAddress, !text.isEmpty else {
                failure = JSONError(.unexpectedEnd, at: 0)
                return []
            }
            return withUnsafeTemporaryAllocation(of: TapeEntry.self, capacity: TapeEntry.countMax(of: text)) { buffer in
                guard let entries = buffer.baseAddress else { return [] }
                var builder = TapeBuilder(text: text, base: base, tape: entries)
                do throws(JSONError) {
                    try builder.build()
                } catch {
                    failure = error
                }
                return Array(UnsafeBufferPointer(start: entries, count: builder.count))
            }
        }
        if let failure { throw failure }
        return tape
    }
}

/// What the views of one document share.
final class JSONStorage: Sendable {
    let bytes: [UInt8]
    let tape: [TapeEntry]

    init(bytes: [UInt8], tape: [TapeEntry]) {
        self.bytes = bytes
        self.tape = tape
    }
}
