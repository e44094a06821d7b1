// SPDX-License-Identifier: MIT

/// A string that compares, hashes and orders by its UTF-8 bytes.
///
/// Swift's String would merge texts that differ only in Unicode normalisation; keys and ids must not.
public struct ByteString: Hashable, Comparable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    public let string: String

    public init(_ string: String) {
        self.string = string
    }

    public init(stringLiteral value: String) {
        self.init(value)
    }

    public var description: String { string }

    public static func == (left: ByteString, right: ByteString) -> Bool {
        left.string.hasSameBytes(as: right.string)
    }

    public static func < (left: ByteString, right: ByteString) -> Bool {
        left.string.withBytes { leftBytes in
            right.string.withBytes { ByteWords.less(leftBytes, $0) }
        }
    }

    public func hash(into hasher: inout Hasher) {
        string.hashBytes(into: &hasher)
    }
}

extension String {
    func withBytes<R>(_ body: (UnsafeBufferPointer<UInt8>) -> R) -> R {
        if let result = utf8.withContiguousStorageIfAvailable(body) { return result }
        return Array(utf8).withUnsafeBufferPointer(body)
    }

    func hasSameBytes(as other: String) -> Bool {
        withBytes { left in
            other.withBytes { right in
                guard left.count == right.count else { return false }
                guard let leftBase = left.baseAddress, let rightBase = right.baseAddress else { return true }
                return ByteWords.equal(leftBase, rightBase, count: left.count)
            }
        }
    }

    func hashBytes(into hasher: inout Hasher) {
        hasher.combine(utf8.count)
        withBytes { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}
