// SPDX-License-Identifier: MIT
import NIOCore

/// Who gets the replies to a request.
enum ReplyReceiver {
    case task(RedisConnection.Continuation)
    case promise(EventLoopPromise<[RESPValue]>)
    /// The members of an ``AcceptGroup``: each gets its element of the one reply, as if it had asked alone.
    case group([RedisConnection.Continuation])

    /// How many operations wait with it.
    var weight: Int {
        switch self {
        case .task, .promise: 1
        case .group(let members): members.count
        }
    }

    func receive(_ answer: RedisConnection.Answer) {
        switch self {
        case .task(let continuation): continuation.resume(returning: answer)
        case .promise(let promise): promise.completeWith(answer.mapError { $0 })
        case .group(let members): Self.share(answer, among: members)
        }
    }

    private static func share(_ answer: RedisConnection.Answer, among members: [RedisConnection.Continuation]) {
        if case .success(let replies) = answer, case .array(let items)? = replies.first, items.count == members.count {
            for (member, item) in zip(members, items) { member.resume(returning: .success([.array([item])])) }
        } else {
            // An error is everybody's: the script was refused before it wrote anything.
            for member in members { member.resume(returning: answer) }
        }
    }
}
