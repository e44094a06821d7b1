// SPDX-License-Identifier: MIT
internal import JSON

/// The id of a request, a string or an integer, as the client wrote it. The reply repeats it byte by byte.
public struct RequestID: Sendable, Hashable {
    /// Of the JSON text, quotes included.
    public static let bytesMax = 1024

    /// JSON text.
    public let text: [UInt8]

    public init(_ number: Int64) {
        text = Array(String(number).utf8)
    }

    /// Nil when the text is longer than ``bytesMax``.
    public init?(_ string: String) {
        var writer = JSONWriter(capacity: string.utf8.count + 2)
        writer.string(string)
        guard writer.bytes.count <= Self.bytesMax else { return nil }
        text = writer.bytes
    }

    /// Nil for anything but a string or an integer, and for what is longer than ``bytesMax``.
    init?(_ view: JSONView) {
        let raw = view.rawBytes
        guard raw.count <= Self.bytesMax else { return nil }
        switch view.kind {
        case .string: break
        case .number: guard raw.allSatisfy(Self.isOfInteger) else { return nil }
        case .null, .bool, .array, .object: return nil
        }
        text = Array(raw)
    }

    /// Within a valid number, a point or an exponent are what an integer lacks.
    private static func isOfInteger(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "-") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
