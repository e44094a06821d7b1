// SPDX-License-Identifier: MIT
import NIOCore

/// Who gets the replies to a request.
enum ReplyReceiver {
    case task(RedisConnection.Continuation)
    case promise(EventLoopPromise<[RESPValue]>)
    /// For so many operations; called on the event loop.
    case handler(weight: Int, (RedisConnection.Answer) -> Void)

    /// How many operations wait with it.
    var weight: Int {
        switch self {
        case .task, .promise: 1
        case .handler(let weight, _): weight
        }
    }

    func receive(_ answer: RedisConnection.Answer) {
        switch self {
        case .task(let continuation): continuation.resume(returning: answer)
        case .promise(let promise): promise.completeWith(answer.mapError { $0 })
        case .handler(_, let body): body(answer)
        }
    }
}
