// SPDX-License-Identifier: MIT
import Logging
import RequestDispatch
import ServiceLifecycle
import TransactionBuffering

/// What has to be done now and then, whether anybody asks or not.
struct Maintenance: Service {
    static let interval: Duration = .seconds(1)
    /// Looks at the database's schema, beside those that an unknown name causes.
    static let schemaInterval = 60

    let keyspace: any SiteStore
    let manager: TransactionManager
    let openTransactions: OpenTransactions
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var round = 0
            while (try? await Task.sleep(for: Self.interval)) != nil {
                round += 1
                await openTransactions.discardLapsed()
                do {
                    try await keyspace.maintain()
                    if round % Self.schemaInterval == 0 { try await manager.schema.refresh() }
                } catch {
                    logger.debug("maintenance was put off", metadata: ["error": "\(error)"])
                }
            }
        }
    }
}
