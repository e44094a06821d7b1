// SPDX-License-Identifier: MIT
public import TransactionModel

/// The few points in which the SQL of the databases differs.
public struct SQLDialect: Sendable {
    /// The placeholder of parameter `number` (from 1) of a type: `?1`, `$1::uuid`.
    public var placeholder: @Sendable (_ number: Int, _ type: ColumnType) -> String
    public init(placeholder: @escaping @Sendable (_ number: Int, _ type: ColumnType) -> String) {
        self.placeholder = placeholder
    }

    /// `"name"`, quotes doubled. (Both databases quote identifiers so.)
    public func quoted(_ name: String) -> String {
        var result = "\""
        for scalar in name.unicodeScalars {
            if scalar == "\"" { result.unicodeScalars.append("\"") }
            result.unicodeScalars.append(scalar)
        }
        return result + "\""
    }
}
