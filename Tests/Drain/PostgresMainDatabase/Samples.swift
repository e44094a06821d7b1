// SPDX-License-Identifier: MIT
#if Postgres
import JSON
import SeededRandom
import TransactionModel

/// Values of all kinds, most of them nasty, all of them such that PostgreSQL can keep them.
enum Samples {
    /// Declarations of columns, with a domain and an enum that ``setUp`` makes.
    static let declared = [
        "smallint", "integer", "bigint", "real", "double precision", "numeric", "numeric(10,2)", "numeric(6,-2)",
        "numeric(3,5)", "text", "varchar(40)", "char(12)", "bytea", "boolean", "date", "time", "time(2)", "timestamp",
        "timestamptz", "timestamptz(3)", "timestamp(0)", "uuid", "json", "jsonb", "mood", "price", "integer[]",
        "text[]",
        "bytea[]", "numeric(6,2)[]", "jsonb[]", "timestamptz[]", "mood[]", "char(4)[]",
    ]

    static let setUp = """
        CREATE TYPE mood AS ENUM ('zen', 'a,b', 'he said "no"', 'é');
        CREATE DOMAIN price AS numeric(8,3) CHECK (VALUE > -100000);
        """

    static func random(_ type: ColumnType, using generator: inout SeededGenerator) -> JSONValue {
        switch type {
        case .integer(let bits):
            .integer(Int64(truncatingIfNeeded: generator.next()) >> Int64(64 - bits + generator.integer(0...bits - 1)))
        case .real: real(using: &generator)
        case .number, .decimal: decimal(using: &generator)
        case .text(.padded): .string(String(String.UnicodeScalarView(text(using: &generator).unicodeScalars.prefix(4))))
        case .text: .string(text(using: &generator))
        case .blob: .bytes((0..<generator.integer(0...20)).map { _ in UInt8(generator.integer(0...255)) })
        case .boolean: .bool(generator.chance(50))
        case .date: .string(moment(using: &generator).dateText)
        case .time: .string(moment(using: &generator).timeText)
        case .timestamp: .string(moment(using: &generator).description)
        case .uuid: .string(UUIDText.version7(at: moment(using: &generator), using: &generator).uppercased())
        case .json: document(depth: 3, using: &generator)
        case .enumeration(let labels): .string(generator.pick(labels))
        case .array(let element):
            .array(
                (0..<generator.integer(0...4)).map { _ in
                    generator.chance(15) ? .null : random(element, using: &generator)
                })
        case .any: .null
        }
    }

    private static func real(using generator: inout SeededGenerator) -> JSONValue {
        let bits = Double(bitPattern: generator.next())
        switch generator.integer(0...3) {
        case 0: return .integer(Int64(generator.integer(-9...9)))
        case 1: return .double(Double(generator.integer(-9999...9999)) / 100)
        case 2:
            return .double(
                Double(Float(bitPattern: UInt32(truncatingIfNeeded: generator.next())).isFinite ? 1e-7 : 0.1))
        default: return .double(bits.isFinite && bits.magnitude < 1e37 && bits.magnitude > 1e-37 ? bits : 0.25)
        }
    }

    /// With zeros at both ends, exponents, and more digits than a double has.
    private static func decimal(using generator: inout SeededGenerator) -> JSONValue {
        let whole = generator.chance(30) ? "0" : "\(generator.integer(1...99999))"
        let fraction = generator.pick([
            "", ".0", ".5", ".005", ".995", ".4999999", ".50", ".123456789012345678901234567890",
        ])
        let exponent = generator.pick(["", "", "", "e0", "e2", "E-3", "e+1", "e-12"])
        return .number(number((generator.chance(40) ? "-" : "") + whole + fraction + exponent))
    }

    private static func text(using generator: inout SeededGenerator) -> String {
        let alphabet = Array("ab 01.5e-+'\"\\%_é😀\u{301}\n{},NULL")
        return String((0..<generator.integer(0...9)).map { _ in generator.pick(alphabet) })
    }

    private static func moment(using generator: inout SeededGenerator) -> Timestamp {
        // From the first year that both calendars have, to the last one of four digits that rounding can't leave.
        Timestamp(microseconds: Int64.random(in: -62_135_510_400_000_000...253_402_214_399_000_000, using: &generator))
    }

    private static func document(depth: Int, using generator: inout SeededGenerator) -> JSONValue {
        switch generator.integer(0...(depth > 0 ? 5 : 3)) {
        case 0: return decimal(using: &generator)
        case 1: return .string(text(using: &generator))
        case 2: return .bool(generator.chance(50))
        case 3: return depth == 3 ? [:] : .null
        case 4: return .array((0..<3).map { _ in document(depth: depth - 1, using: &generator) })
        default:
            var object = JSONObject()
            for index in 0..<3 {
                object.append(text(using: &generator) + "\(index)", document(depth: depth - 1, using: &generator))
            }
            return .object(object)
        }
    }
}
#endif
