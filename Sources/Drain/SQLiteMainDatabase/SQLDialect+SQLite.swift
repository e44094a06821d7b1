// SPDX-License-Identifier: MIT
public import MainDatabase
import TransactionModel

extension SQLDialect {
    /// `?1`, whatever the type: SQLite goes by the value. Texts compare by their bytes, whatever collation the column has, as they
    /// do in the overlay.
    public static let sqlite = SQLDialect(
        placeholder: { number, _ in "?\(number)" },
        // What stands in double quotes and names no column, SQLite takes for a text: a column that was dropped would have
        // its own name for a value.
        quote: "`",
        operand: { column, type, _ in
            switch type {
            case .text, .any: column + " COLLATE BINARY"
            default: column
            }
        })
}
