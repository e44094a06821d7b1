// SPDX-License-Identifier: MIT
import Foundation
internal import Synchronization

/// Blocking work on threads of its own.
public enum Threads {
    /// Runs `body` on so many threads at once; returns when all have ended, or throws the first error.
    public static func run(_ count: Int, _ body: @escaping @Sendable (Int) throws -> Void) throws {
        try start(count, body).join()
    }

    /// Starts so many threads.
    public static func start(_ count: Int, _ body: @escaping @Sendable (Int) throws -> Void) -> Crew {
        let crew = Crew(count)
        for index in 0..<count {
            Thread.detachNewThread { crew.ended(Result { try body(index) }) }
        }
        return crew
    }

    /// Threads that were started together.
    public final class Crew: Sendable {
        private let failure = Mutex<(any Error)?>(nil)
        private let group = DispatchGroup()

        init(_ count: Int) { for _ in 0..<count { group.enter() } }

        fileprivate func ended(_ result: Result<Void, any Error>) {
            if case .failure(let error) = result { failure.withLock { $0 = $0 ?? error } }
            group.leave()
        }

        /// Waits for all; throws the first error.
        public func join() throws {
            group.wait()
            if let error = failure.withLock({ $0 }) { throw error }
        }
    }
}
