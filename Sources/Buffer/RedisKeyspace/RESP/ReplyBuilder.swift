// SPDX-License-Identifier: MIT
import CHiredis

/// Makes a ``RESPValue`` of what the reader of hiredis reports piece by piece, without its trees of `redisReply`.
final class ReplyBuilder {
    /// An array is counted as so many bytes for each element, whatever it holds.
    static let elementBytes = MemoryLayout<RESPValue>.stride

    private struct OpenArray {
        var elementsLeft: Int
        var elements: [RESPValue] = []
    }

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
            bytes = 0
        }
        return reply ?? .null
    }

    /// False stops the reader.
    private func add(_ value: RESPValue, bytes count: Int) -> Bool {
        bytes += count + Self.elementBytes
        guard bytes <= replyBytesMax else {
            isOverfull = true
            return false
        }
        var value = value
        while var array = open.popLast() {
            array.elements.append(value)
            array.elementsLeft -= 1
            guard array.elementsLeft == 0 else {
                open.append(array)
                return true
            }
            value = .array(array.elements)
        }
        reply = value
        return true
    }

    private func begin(_ count: Int) -> Bool {
        guard count > 0 else { return add(.array([]), bytes: 0) }
        open.append(OpenArray(elementsLeft: count))
        return true
    }
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
                            let bytes = [UInt8](UnsafeRawBufferPointer(start: start, count: count))
                            let value: RESPValue =
                                switch type {
                                case REDIS_REPLY_ERROR: .error(bytes)
                                case REDIS_REPLY_STATUS: .status(bytes)
                                default: .bulk(bytes)
                                }
                            return builder.add(value, bytes: count)
                        }
                    },
                    createArray: { task, count in ReplyBuilder.with(task) { builder, _ in builder.begin(Int(count)) } },
                    createInteger: { task, value in
                        ReplyBuilder.with(task) { builder, _ in builder.add(.integer(value), bytes: 0) }
                    },
                    createNil: { task in ReplyBuilder.with(task) { builder, _ in builder.add(.null, bytes: 0) } },
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
