// SPDX-License-Identifier: MIT
import CHiredis
import Keyspace

/// Makes a ``RESPValue`` of what the reader of hiredis reports piece by piece, without its trees of `redisReply`.
final class ReplyBuilder {
    /// An array is counted as so many bytes for each element, whatever it holds.
    static let elementBytes = MemoryLayout<RESPValue>.stride

    /// What a reply may hold whose caller set a limit. Values beyond it are dropped as they come, and the stream goes on.
    struct Limit: Equatable {
        var bytes: Int
        /// The reply is that of EXEC: each of its elements is one reply.
        var isBlock: Bool
    }

    private struct OpenArray {
        var elementsLeft: Int
        /// Before it began.
        let bytes: Int
        var elements: [RESPValue] = []
        /// An element was dropped, so it is no reply any more.
        var isSpoiled = false
    }

    /// Of the reply that is being read.
    var limit: Limit?
    /// What the last reply held.
    private(set) var takenBytes = 0
    private let replyBytesMax: Int
    private var bytes = 0
    private var open: [OpenArray] = []
    private var reply: RESPValue?
    private(set) var isOverfull = false

    init(replyBytesMax: Int) { self.replyBytesMax = replyBytesMax }

    /// The reader, which lives no longer than the builder, hands it to the functions.
    var unretainedPointer: UnsafeMutableRawPointer { Unmanaged.passUnretained(self).toOpaque() }

    func takeReply() -> RESPValue {
        defer {
            reply = nil
            takenBytes = bytes
            bytes = 0
        }
        return reply ?? .null
    }

    /// False stops the reader. `make` is called where there is room for the value.
    private func add(bytes count: Int, _ make: () -> RESPValue) -> Bool {
        let total = bytes + count + Self.elementBytes
        if let limit, total > limit.bytes || open.last?.isSpoiled == true {
            return close(Self.tooLarge, isDropped: true)
        }
        guard total <= replyBytesMax else {
            isOverfull = true
            return false
        }
        bytes = total
        return close(make(), isDropped: false)
    }

    /// Puts a value where it belongs, and the arrays that it completes.
    private func close(_ value: RESPValue, isDropped: Bool) -> Bool {
        var (value, isDropped) = (value, isDropped)
        while var array = open.popLast() {
            array.elementsLeft -= 1
            if isDropped, !(open.isEmpty && limit?.isBlock == true) {
                array.isSpoiled = true
                array.elements = []
            } else {
                array.elements.append(value)
            }
            guard array.elementsLeft == 0 else {
                open.append(array)
                return true
            }
            isDropped = array.isSpoiled
            if isDropped { bytes = array.bytes }
            value = isDropped ? Self.tooLarge : .array(array.elements)
        }
        reply = value
        return true
    }

    private func begin(_ count: Int) -> Bool {
        guard count > 0 else { return add(bytes: 0) { .array([]) } }
        open.append(OpenArray(elementsLeft: count, bytes: bytes, isSpoiled: open.last?.isSpoiled ?? false))
        return true
    }

    private static let tooLarge = RESPValue.error(Array(CommandError.tooLarge.description.utf8))
}

// MARK: What hiredis calls

extension ReplyBuilder {
    /// One table for all readers; it lives as long as the program.
    static var functions: UnsafeMutablePointer<redisReplyObjectFunctions> { table.pointer }

    private static let table = Table()

    /// `@unchecked Sendable`: written once, before anybody reads it.
    private struct Table: @unchecked Sendable {
        let pointer: UnsafeMutablePointer<redisReplyObjectFunctions>

        init() {
            pointer = .allocate(capacity: 1)
            pointer.initialize(
                to: redisReplyObjectFunctions(
                    createString: { task, start, count in
                        ReplyBuilder.with(task) { builder, type in
                            builder.add(bytes: count) {
                                let bytes = [UInt8](UnsafeRawBufferPointer(start: start, count: count))
                                return switch type {
                                case REDIS_REPLY_ERROR: .error(bytes)
                                case REDIS_REPLY_STATUS: .status(bytes)
                                default: .bulk(bytes)
                                }
                            }
                        }
                    },
                    createArray: { task, count in ReplyBuilder.with(task) { builder, _ in builder.begin(Int(count)) } },
                    createInteger: { task, value in
                        ReplyBuilder.with(task) { builder, _ in builder.add(bytes: 0) { .integer(value) } }
                    },
                    createNil: { task in ReplyBuilder.with(task) { builder, _ in builder.add(bytes: 0) { .null } } },
                    freeObject: nil))
        }
    }

    /// The reader wants an object that is not null and does nothing with it: the builder itself serves.
    private static func with(
        _ task: UnsafePointer<redisReadTask>?, _ body: (ReplyBuilder, Int32) -> Bool
    ) -> UnsafeMutableRawPointer? {
        guard let task, let pointer = task.pointee.privdata else { return nil }
        let builder = Unmanaged<ReplyBuilder>.fromOpaque(pointer).takeUnretainedValue()
        return body(builder, task.pointee.type) ? pointer : nil
    }
}
