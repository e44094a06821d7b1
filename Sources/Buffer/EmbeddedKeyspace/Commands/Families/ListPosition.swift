// SPDX-License-Identifier: MIT
import Keyspace

/// `LPOS key element [RANK rank] [COUNT count] [MAXLEN comparisons]`
enum ListPosition {
    /// Items compared at a time.
    private static let pageItemsMax = 500

    private struct Options {
        var rank = 1
        var countMax: Int?
        var comparisonsMax = 0

        init(_ arguments: inout ArgumentReader) throws {
            while !arguments.isAtEnd {
                if arguments.take("RANK") {
                    rank = try arguments.index()
                    guard rank != 0 else { throw Self.rankIsZero }
                } else if arguments.take("COUNT") {
                    countMax = try Self.count(&arguments, "COUNT")
                } else if arguments.take("MAXLEN") {
                    comparisonsMax = try Self.count(&arguments, "MAXLEN")
                } else {
                    throw CommandError.syntax
                }
            }
        }

        private static func count(_ arguments: inout ArgumentReader, _ option: String) throws -> Int {
            guard let count = Int64(redis: try arguments.bytes()), count >= 0 else {
                throw CommandError.err("\(option) can't be negative")
            }
            return Int(count)
        }

        private static let rankIsZero = CommandError.err(
            "RANK can't be zero: use 1 to start from the first match, 2 from the second ... "
                + "or use negative to start from the end of the list")
    }

    @Sendable static func run(_ tables: Tables, _ arguments: inout ArgumentReader) throws -> Reply {
        let (key, element) = (try arguments.bytes(), try arguments.bytes())
        let options = try Options(&arguments)
        let nothing: Reply = options.countMax == nil ? .null : .emptyArray
        guard let entry = try tables.find(key, as: .list) else { return nothing }
        let found = try indices(of: element, in: entry, options, tables)
        guard options.countMax != nil else { return found.first.map { .count($0) } ?? .null }
        return .array(found.map { .count($0) })
    }

    /// Indices from the head, in the order in which they were found.
    private static func indices(
        of element: [UInt8], in entry: Entry, _ options: Options, _ tables: Tables
    ) throws -> [Int] {
        let end: ListEnd = options.rank > 0 ? .head : .tail
        let limit = options.comparisonsMax == 0 ? entry.size : min(entry.size, options.comparisonsMax)
        let countMax = options.countMax ?? 1
        var toSkip = Int(clamping: options.rank.magnitude) - 1
        var found: [Int] = []
        for start in stride(from: 0, to: limit, by: pageItemsMax) {
            let page = try tables.items(of: entry, from: end, offset: start, limit: min(pageItemsMax, limit - start))
            for (offset, item) in page.enumerated() where item.value == element {
                guard toSkip == 0 else {
                    toSkip -= 1
                    continue
                }
                found.append(end == .head ? start + offset : entry.size - 1 - start - offset)
                if found.count == countMax { return found }
            }
        }
        return found
    }
}
