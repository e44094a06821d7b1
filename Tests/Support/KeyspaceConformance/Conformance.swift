// SPDX-License-Identifier: MIT
public import Keyspace

/// What every adapter of the keyspace port must do, as a list of cases. Each gets a site of its own.
public enum KeyspaceConformance {
    public static let cases: [Case] =
        acceptCases + claimCases + advanceCases + releaseCases + takeoverCases + viewCases + commandCases + watchCases
        + randomCases

    /// What an adapter must do besides, to whose keys other programs can write.
    public static let foreignCases: [Case] = adoptionCases

    /// Those that touch no keys but the site's.
    public static let procedureCases: [Case] =
        acceptCases + claimCases + advanceCases + releaseCases + takeoverCases + adoptionCases

    public struct Case: Sendable, CustomStringConvertible {
        public let name: String
        /// What the case needs of its site.
        public let configure: @Sendable (inout SiteSettings) -> Void
        public let run: @Sendable (Subject) async throws -> Void

        init(
            _ name: String, configure: @escaping @Sendable (inout SiteSettings) -> Void = { _ in },
            run: @escaping @Sendable (Subject) async throws -> Void
        ) {
            self.name = name
            self.configure = configure
            self.run = run
        }

        public var description: String { name }
    }
}

/// What was not as it should be, and where.
public struct ConformanceFailure: Error, CustomStringConvertible {
    public let description: String

    public init(description: String) { self.description = description }
}

func expect(
    _ condition: Bool, _ message: @autoclosure () -> String = "not so", file: StaticString = #fileID, line: UInt = #line
) throws {
    guard !condition else { return }
    throw ConformanceFailure(description: "\(file):\(line): \(message())")
}

func expectEqual<T: Equatable>(_ value: T, _ expected: T, file: StaticString = #fileID, line: UInt = #line) throws {
    try expect(value == expected, "\(value) is not \(expected)", file: file, line: line)
}
