// SPDX-License-Identifier: MIT
import CSQLite

/// A prepared statement. Parameters count from 1, columns from 0.
///
/// A `bind` that fails (no such parameter, value too big) is reported by the next ``step()`` or ``run()``.
public final class SQLiteStatement {
    public enum ColumnType: Sendable {
        case integer
        case real
        case text
        case blob
        case null
    }

    private var handle: OpaquePointer?
    private var bindCode: Int32 = SQLITE_OK

    init(_ handle: OpaquePointer) { self.handle = handle }

    deinit { finalize() }

    /// Its text; empty after its end.
    public var sql: String { sqlite3_sql(handle).map { String(cString: $0) } ?? "" }

    /// Ends the statement; what is done with it afterwards fails as misuse.
    func finalize() {
        sqlite3_finalize(handle)
        handle = nil
    }
}

// MARK: Parameters

extension SQLiteStatement {
    public func bind(_ index: Int32, _ value: Int64) { note(sqlite3_bind_int64(handle, index, value)) }

    /// Not a number becomes NULL, as SQLite has it.
    public func bind(_ index: Int32, _ value: Double) { note(sqlite3_bind_double(handle, index, value)) }

    public func bind(_ index: Int32, _ value: String) {
        var value = value
        value.withUTF8 { bindText(index, utf8: UnsafeRawBufferPointer($0)) }
    }

    /// As a blob.
    public func bind(_ index: Int32, _ value: [UInt8]) {
        value.withUnsafeBytes { bind(index, $0) }
    }

    /// As a blob, copied.
    public func bind(_ index: Int32, _ value: UnsafeRawBufferPointer) { bind(index, value, Self.copied) }

    private func bind(_ index: Int32, _ value: UnsafeRawBufferPointer, _ destructor: sqlite3_destructor_type?) {
        // A null pointer would bind NULL: an empty blob needs an address, any address.
        guard let start = value.baseAddress, !value.isEmpty else {
            note(sqlite3_bind_zeroblob(handle, index, 0))
            return
        }
        note(sqlite3_bind_blob64(handle, index, start, UInt64(value.count), destructor))
    }

    /// Runs to the end with one parameter more, a blob that SQLite reads where it is.
    public func run(binding index: Int32, _ value: [UInt8]) throws(SQLiteError) {
        // The closure throws untyped; the error travels beside it.
        var failure: SQLiteError?
        value.withUnsafeBytes { bytes in
            bind(index, bytes, nil)
            do throws(SQLiteError) { try run() } catch { failure = error }
        }
        if let failure { throw failure }
    }

    /// As text, copied.
    public func bindText(_ index: Int32, utf8: UnsafeRawBufferPointer) {
        guard let start = utf8.baseAddress, !utf8.isEmpty else {
            note(sqlite3_bind_text(handle, index, "", 0, Self.copied))
            return
        }
        let bytes = start.assumingMemoryBound(to: CChar.self)
        note(sqlite3_bind_text64(handle, index, bytes, UInt64(utf8.count), Self.copied, UInt8(SQLITE_UTF8)))
    }

    public func bindNull(_ index: Int32) { note(sqlite3_bind_null(handle, index)) }

    private func note(_ code: Int32) { if bindCode == SQLITE_OK { bindCode = code } }

    /// `SQLITE_TRANSIENT` is a cast in C, which Swift does not import.
    private static var copied: sqlite3_destructor_type { unsafeBitCast(-1, to: sqlite3_destructor_type.self) }
}

// MARK: Running

extension SQLiteStatement {
    /// Goes to the next row. True: there is one. After the last row, and after an error, it is reset by itself.
    public func step() throws(SQLiteError) -> Bool {
        guard bindCode == SQLITE_OK else {
            let error = SQLiteError(extendedCode: bindCode, detail: "a parameter could not be bound")
            reset()
            throw error
        }
        let code = sqlite3_step(handle)
        switch code {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        default:
            let error = SQLiteError(code, of: sqlite3_db_handle(handle))
            reset()
            throw error
        }
    }

    /// Steps to the end and resets, also after an error.
    public func run() throws(SQLiteError) {
        while try step() {}
        reset()
    }

    /// Back to the start, without bindings. Ends the read that an unfinished statement holds.
    public func reset() {
        guard handle != nil else { return }
        sqlite3_reset(handle)
        sqlite3_clear_bindings(handle)
        bindCode = SQLITE_OK
    }
}

// MARK: Columns

extension SQLiteStatement {
    public var columnCount: Int32 { sqlite3_column_count(handle) }

    public func columnName(_ index: Int32) -> String {
        guard handle != nil, let name = sqlite3_column_name(handle, index) else { return "" }
        return String(cString: name)
    }

    /// The type of the value itself, whatever the column was declared as.
    public func type(_ index: Int32) -> ColumnType {
        switch sqlite3_column_type(handle, index) {
        case SQLITE_INTEGER: .integer
        case SQLITE_FLOAT: .real
        case SQLITE_TEXT: .text
        case SQLITE_BLOB: .blob
        default: .null
        }
    }

    public func isNull(_ index: Int32) -> Bool { sqlite3_column_type(handle, index) == SQLITE_NULL }

    public func int64(_ index: Int32) -> Int64 { sqlite3_column_int64(handle, index) }

    public func double(_ index: Int32) -> Double { sqlite3_column_double(handle, index) }

    /// Nil for NULL. Invalid UTF-8 is repaired; ``withBytes(_:_:)`` shows it as it is.
    public func text(_ index: Int32) -> String? {
        isNull(index) ? nil : withBytes(index) { String(decoding: $0, as: UTF8.self) }
    }

    /// The bytes of a blob or text, of anything else its text; nil for NULL.
    public func bytes(_ index: Int32) -> [UInt8]? {
        isNull(index) ? nil : withBytes(index) { [UInt8]($0) }
    }

    /// What the row's texts and blobs hold together.
    public var rowBytes: Int {
        (0..<sqlite3_data_count(handle)).reduce(0) { sum, index in
            switch sqlite3_column_type(handle, index) {
            case SQLITE_TEXT, SQLITE_BLOB: sum + Int(sqlite3_column_bytes(handle, index))
            default: sum
            }
        }
    }

    /// The bytes in SQLite's memory, valid inside `body`; none for NULL.
    public func withBytes<R>(_ index: Int32, _ body: (UnsafeRawBufferPointer) -> R) -> R {
        // First the pointer, then the length: the other order may convert the value in between.
        let start = sqlite3_column_blob(handle, index)
        let count = Int(sqlite3_column_bytes(handle, index))
        return body(UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : count))
    }
}
