// SPDX-License-Identifier: MIT
import Keyspace

/// HSCAN, SSCAN and ZSCAN of a view: the cursor is how many members have been passed.
enum ViewScan {
    typealias Page = [(name: [UInt8], items: [Reply])]

    static func run(
        _ arguments: inout ArgumentReader, page: (_ offset: Int, _ limit: Int) throws -> Page
    ) throws -> Reply {
        let cursor = try ScanOptions.cursor(&arguments)
        let options = try ScanOptions(&arguments, takesType: false)
        guard let offset = Int(exactly: cursor) else { return ScanOptions.reply(next: 0, []) }
        let limit = min(options.count, ViewLimits.membersMax)
        let page = try page(offset, limit)
        let next = page.count == limit ? Int64(offset + limit) : 0
        return ScanOptions.reply(next: next, page.filter { options.matches($0.name) }.flatMap(\.items))
    }
}
