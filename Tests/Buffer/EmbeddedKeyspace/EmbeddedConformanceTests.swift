// SPDX-License-Identifier: MIT
import Keyspace
import KeyspaceConformance
import Testing

@testable import EmbeddedKeyspace

@Suite struct EmbeddedConformanceTests {
    @Test("the embedded keyspace does what every keyspace must", arguments: KeyspaceConformance.cases)
    func conforms(_ testCase: KeyspaceConformance.Case) async throws {
        let fixture = Fixture()
        var site = SiteSettings(site: "test")
        testCase.configure(&site)
        try await fixture.with(fixture.settings(site)) { subject, _ async throws in try await testCase.run(subject) }
    }
}
