// SPDX-License-Identifier: MIT
import Keyspace

/// A moment at which a key expires, as commands give it.
struct ExpiryArgument: Equatable {
    enum Unit {
        case seconds
        case milliseconds
    }

    let unit: Unit
    /// Counted from now, not from 1970.
    let isRelative: Bool

    /// The option `EX`, `PX`, `EXAT` or `PXAT`, if it comes next.
    static func option(_ arguments: inout ArgumentReader) -> Self? {
        if arguments.take("EX") { return Self(unit: .seconds, isRelative: true) }
        if arguments.take("PX") { return Self(unit: .milliseconds, isRelative: true) }
        if arguments.take("EXAT") { return Self(unit: .seconds, isRelative: false) }
        if arguments.take("PXAT") { return Self(unit: .milliseconds, isRelative: false) }
        return nil
    }

    /// Milliseconds since 1970; nil when that is out of range.
    func moment(_ value: Int64, now: Int64) -> Int64? {
        let (scaled, isTooBig) = value.multipliedReportingOverflow(by: unit == .seconds ? 1000 : 1)
        guard !isTooBig else { return nil }
        guard isRelative else { return scaled }
        let (sum, isTooLate) = scaled.addingReportingOverflow(now)
        return isTooLate ? nil : sum
    }

    /// As SET and GETEX want it: positive.
    func positiveMoment(of text: [UInt8], now: Int64, in name: String) throws(CommandError) -> Int64 {
        guard let value = Int64(redis: text) else { throw .notAnInteger }
        guard value > 0, let moment = moment(value, now: now) else { throw .invalidExpiry(in: name) }
        return moment
    }
}
