// SPDX-License-Identifier: MIT

/// Who asked: a task that is suspended, or a closure where a task would cost more than the request.
enum AnswerRecipient: Sendable {
    case task(UnsafeContinuation<RedisConnection.Answer, Never>)
    /// Called on the event loop.
    case closure(@Sendable (RedisConnection.Answer) -> Void)

    func resume(returning answer: RedisConnection.Answer) {
        switch self {
        case .task(let continuation): continuation.resume(returning: answer)
        case .closure(let closure): closure(answer)
        }
    }
}
