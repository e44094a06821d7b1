// SPDX-License-Identifier: MIT
#if Postgres

/// The parameters of one execution, in order, in one buffer.
public struct PostgresParameters: Sendable {
    private var bytes: [UInt8] = []
    /// -1: NULL.
    private var starts: [Int] = []
    private(set) var lengths: [Int32] = []
    /// 0 text, 1 binary.
    private(set) var formats: [Int32] = []
    /// Some text has a byte that PostgreSQL can't keep; C would end the text there.
    public private(set) var hasZeroByte = false

    public init() {}

    public var count: Int { starts.count }

    public mutating func appendNull() {
        starts.append(-1)
        lengths.append(0)
        formats.append(0)
    }

    /// The text form of a value of whatever type the statement wants there.
    public mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { append(utf8: UnsafeRawBufferPointer($0)) }
    }

    public mutating func append(utf8: UnsafeRawBufferPointer) {
        if utf8.contains(0) { hasZeroByte = true }
        append(utf8, format: 0)
        bytes.append(0)
    }

    /// The binary form: of bytea, the bytes themselves.
    public mutating func append(binary: [UInt8]) { binary.withUnsafeBytes { append($0, format: 1) } }

    private mutating func append(_ value: UnsafeRawBufferPointer, format: Int32) {
        starts.append(bytes.count)
        lengths.append(Int32(clamping: value.count))
        formats.append(format)
        bytes.append(contentsOf: value)
    }

    /// The values as libpq wants them, valid inside `body`.
    func withPointers<R>(_ body: ([UnsafePointer<CChar>?]) -> R) -> R {
        // An empty array has no address: a value of no bytes needs one, any.
        (bytes.isEmpty ? [0] : bytes).withUnsafeBytes { buffer in
            let base = buffer.baseAddress?.assumingMemoryBound(to: CChar.self)
            return body(starts.map { start in start < 0 ? nil : base.map { $0 + start } })
        }
    }
}
#endif
