// SPDX-License-Identifier: MIT
#if Postgres
public import MainDatabase
import TransactionModel

extension SQLDialect {
    /// Parameters get their types from where they stand: the server knows its columns best.
    public static let postgres = SQLDialect(
        placeholder: { number, type in
            // The one exception: of a number too large for its column no row has the key, and that is no error.
            if case .integer = type { "$\(number)::bigint" } else { "$\(number)" }
        },
        table: { model in
            guard let dot = model.firstIndex(of: ".") else { return quoted(model) }
            return quoted(String(model[..<dot])) + "." + quoted(String(model[model.index(after: dot)...]))
        },
        operand: { column, type, comparison in
            switch (type, comparison) {
            // Texts order by their bytes, as they do in the overlay. Equality is a matter of bytes in every
            // deterministic collation, and left alone it can use an index.
            case (.text(.plain), .order): column + " COLLATE \"C\""
            case (.text, .order): column + "::text COLLATE \"C\""
            case (.array(of: .text), .order): column + " COLLATE \"C\""
            // json has no operators of its own.
            case (.json, .equality): column + "::jsonb"
            default: column
            }
        },
        mark: { table in
            var hasher = Hasher()
            for column in table.columns { hasher.combine(column.type) }
            return "/* \(String(UInt(bitPattern: hasher.finalize()), radix: 36)) */ "
        })
}
#endif
