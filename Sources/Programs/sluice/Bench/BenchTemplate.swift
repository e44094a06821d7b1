// SPDX-License-Identifier: MIT
import JSON
import NIOCore
import SluiceClient

/// A request, built once as a whole frame; what differs from one to the next is patched in place.
///
/// The JSON-RPC id has a fixed width and names the slot; the transaction_id is new each time.
struct BenchTemplate: Sendable {
    /// The first slot's id: all have 4 digits.
    static let firstID = 1000
    static let slotsMax = 9000
    static let idDigits = 4
    private static let headerBytes = 4

    let frame: [UInt8]
    private let idOffset: Int
    /// Nil where the method takes no transaction.
    private let uuidOffset: Int?

    /// Creates of one record whose only column is `payload`; the sidecar derives the record's id.
    static func buffer(model: String, payloadBytes: Int) -> BenchTemplate {
        let payload = String((0..<payloadBytes).map { Character(Unicode.Scalar(UInt8(ascii: "a") + UInt8($0 % 26))) })
        var uuidOffset = 0
        return BenchTemplate(method: "transaction.buffer") { writer in
            writer.beginObject()
            writer.name("transaction")
            writer.beginObject()
            writer.name("transaction_id")
            uuidOffset = writer.bytes.count + 1
            writer.string(String(repeating: "0", count: UUIDv7.textBytes))
            let step: JSONValue = [
                "step_id": "record", "operation": "create", "model": .string(model),
                "data": ["payload": .string(payload)],
            ]
            writer.member("steps", JSONValue.array([step]))
            writer.endObject()
            writer.endObject()
            return uuidOffset
        }
    }

    /// Any method, with the same params each time.
    static func method(_ method: String, params: JSONValue) -> BenchTemplate {
        BenchTemplate(method: method) { writer in
            writer.value(params)
            return nil
        }
    }

    /// `params` writes the params and answers where the transaction_id's text begins, if there is one.
    private init(method: String, params: (inout JSONWriter) -> Int?) {
        var writer = JSONWriter()
        for _ in 0..<Self.headerBytes { writer.bytes.append(0) }
        writer.beginObject()
        writer.member("jsonrpc", "2.0")
        writer.name("id")
        idOffset = writer.bytes.count
        writer.int(Int64(Self.firstID))
        writer.member("method", method)
        writer.name("params")
        uuidOffset = params(&writer)
        writer.endObject()
        let length = writer.bytes.count - Self.headerBytes
        for place in 0..<Self.headerBytes {
            writer.bytes[place] = UInt8(truncatingIfNeeded: length >> (8 * (Self.headerBytes - 1 - place)))
        }
        frame = writer.bytes
    }

    /// Appends the request of a slot. `random` is looked at only where a transaction_id is made.
    func append(to buffer: inout ByteBuffer, slot: Int, milliseconds: UInt64, random: (UInt64, UInt64)) {
        let start = buffer.writerIndex
        buffer.writeBytes(frame)
        buffer.withVeryUnsafeMutableBytes { bytes in
            var number = Self.firstID + slot
            for place in stride(from: start + idOffset + Self.idDigits - 1, through: start + idOffset, by: -1) {
                bytes[place] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number % 10)
                number /= 10
            }
            guard let uuidOffset else { return }
            let place = start + uuidOffset
            let text = UnsafeMutableRawBufferPointer(rebasing: bytes[place..<place + UUIDv7.textBytes])
            UUIDv7.write(milliseconds: milliseconds, random: random, to: text)
        }
    }
}
