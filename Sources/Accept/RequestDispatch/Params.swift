// SPDX-License-Identifier: MIT
import JSON
import TransactionModel
import WireProtocol

/// The parameters of a call, read with errors that name the place.
struct Params {
    let view: JSONView?

    init(_ view: JSONView?) { self.view = view }

    /// Nil when absent or null.
    subscript(_ name: StaticString) -> JSONView? {
        guard let value = view?[name], !value.isNull else { return nil }
        return value
    }

    func required(_ name: StaticString) throws(WireError) -> JSONView {
        guard let value = self[name] else { throw WireError(.invalidParams, "\(name) is missing.", path: "\(name)") }
        return value
    }

    func string(_ name: StaticString) throws(WireError) -> String? {
        guard let value = self[name] else { return nil }
        guard let text = value.string else { throw Self.wrong(name, "a string") }
        return text
    }

    func requiredString(_ name: StaticString) throws(WireError) -> String {
        guard let text = try required(name).string else { throw Self.wrong(name, "a string") }
        return text
    }

    func bool(_ name: StaticString) throws(WireError) -> Bool? {
        guard let value = self[name] else { return nil }
        guard let flag = value.bool else { throw Self.wrong(name, "true or false") }
        return flag
    }

    func integer(_ name: StaticString, in range: ClosedRange<Int>) throws(WireError) -> Int? {
        guard let value = self[name] else { return nil }
        guard let number = value.int64.flatMap({ Int(exactly: $0) }), range.contains(number) else {
            throw Self.wrong(name, "an integer from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    func array(_ name: StaticString, countMax: Int) throws(WireError) -> [JSONView]? {
        guard let value = self[name] else { return nil }
        guard value.kind == .array, value.count <= countMax else {
            throw Self.wrong(name, "an array of at most \(countMax) elements")
        }
        return Array(value.elements)
    }

    func transactionID(_ name: StaticString = "transaction_id") throws(WireError) -> TransactionID {
        guard let id = try required(name).string.flatMap({ TransactionID($0) }) else {
            throw Self.wrong(name, "1 to 128 bytes of [A-Za-z0-9._~-]")
        }
        return id
    }

    func transactionIDs(_ name: StaticString, countMax: Int) throws(WireError) -> [TransactionID]? {
        guard let list = try array(name, countMax: countMax) else { return nil }
        var ids: [TransactionID] = []
        for (index, element) in list.enumerated() {
            guard let id = element.string.flatMap({ TransactionID($0) }) else {
                throw WireError(.invalidParams, "Must be a transaction id.", path: "\(name)[\(index)]")
            }
            ids.append(id)
        }
        return ids
    }

    func status(_ name: StaticString) throws(WireError) -> TransactionStatus? {
        guard let text = try string(name) else { return nil }
        guard let status = TransactionStatus(rawValue: text) else {
            throw Self.wrong(name, "one of " + TransactionStatus.allCases.map(\.rawValue).joined(separator: ", "))
        }
        return status
    }

    static func wrong(_ name: StaticString, _ expectation: String) -> WireError {
        WireError(.invalidParams, "\(name) must be \(expectation).", path: "\(name)")
    }
}

/// JSON text that a closure writes.
func json(capacity: Int = 256, _ write: (inout JSONWriter) -> Void) -> [UInt8] {
    var writer = JSONWriter(capacity: capacity)
    write(&writer)
    return writer.bytes
}
