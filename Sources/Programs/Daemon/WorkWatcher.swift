// SPDX-License-Identifier: MIT
import BackgroundProcessing
import Keyspace
import RedisKeyspace
import ServiceLifecycle

/// Wakes the processor when another process has put something into the buffer.
struct WorkWatcher: Service {
    /// Between two looks while something stands there: it may be in work already.
    static let pause: Duration = .milliseconds(100)
    /// After a failure.
    static let longPause: Duration = .seconds(1)

    let watch: RedisWorkWatch
    let processor: BackgroundProcessor

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    guard try await watch.wait() else { continue }
                    processor.wake()
                    try? await Task.sleep(for: Self.pause)
                } catch {
                    try? await Task.sleep(for: Self.longPause)
                }
            }
        }
        watch.close()
    }
}
