// SPDX-License-Identifier: MIT
public import MainDatabase

extension SQLDialect {
    /// `?1`, whatever the type: SQLite goes by the value.
    public static let sqlite = SQLDialect { number, _ in "?\(number)" }
}
