// SPDX-License-Identifier: MIT
import JSON

/// The transactions of a file: one JSON object, an array of them, or one per line.
enum TransactionInput {
    struct Fault: Error, Equatable {
        let message: String
    }

    static func parse(_ bytes: [UInt8]) throws(Fault) -> [JSONValue] {
        let whole: JSONError
        do throws(JSONError) {
            return try objects(in: JSONValue(parsing: bytes))
        } catch {
            whole = error
        }
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let written = lines.enumerated().filter { !$0.element.allSatisfy(isSpace) }
        guard !written.isEmpty else { throw Fault(message: "It is empty.") }
        var result: [JSONValue] = []
        for (index, line) in written {
            do throws(JSONError) {
                let value = try JSONValue(parsing: Array(line))
                guard value.object != nil else { throw JSONError(.unexpectedByte, at: 0) }
                result.append(value)
            } catch {
                // A first line that is no value of its own: the whole was meant to be one.
                if result.isEmpty { throw Fault(message: "No JSON: \(whole).") }
                throw Fault(message: "Line \(index + 1) is no JSON object: \(error).")
            }
        }
        return result
    }

    private static func objects(in value: JSONValue) -> [JSONValue] {
        value.array ?? [value]
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
    }
}
