// SPDX-License-Identifier: MIT
import JSON

/// Finds the steps of a transaction by their ids. A few are looked through; more are hashed.
struct StepNames {
    private static let lookedThroughMax = 16

    private var names: [String] = []
    private var indexes: [ByteString: Int] = [:]

    /// False, and nothing is added: there is one of that name.
    mutating func add(_ name: String) -> Bool {
        guard self[name] == nil else { return false }
        names.append(name)
        if names.count == Self.lookedThroughMax + 1 {
            for (index, name) in names.enumerated() { indexes[ByteString(name)] = index }
        } else if names.count > Self.lookedThroughMax {
            indexes[ByteString(name)] = names.count - 1
        }
        return true
    }

    subscript(name: String) -> Int? {
        guard names.count <= Self.lookedThroughMax else { return indexes[ByteString(name)] }
        return names.firstIndex { ByteString($0) == ByteString(name) }
    }
}
