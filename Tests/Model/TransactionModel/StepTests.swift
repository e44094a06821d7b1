// SPDX-License-Identifier: MIT
import JSON
import Testing

@testable import TransactionModel

/// What a stored step says of the references it had.
@Suite struct StepTests {
    @Test(
        "references of a stored step, by row",
        arguments: [
            (#""operation":"create","depends_on":["p"],"refs":{"a":"p.id","b":"p[2].n"}"#, [["a=p.id", "b=p[2].n"]]),
            (#""operation":"bulk_create","rows":[],"depends_on":["p"],"refs":[{},{"a":"p.id"}]"#, [[], ["a=p.id"]]),
            (#""operation":"create","depends_on":["p"],"refs":{}"#, [[]]), (#""operation":"create""#, []),
            (#""operation":"create","depends_on":["p"]"#, nil),
        ] as [(String, [[String]]?)])
    func references(entry: (members: String, expected: [[String]]?)) throws {
        let text = #"{"step_id":"s","model":"m",\#(entry.members)}"#
        let step = try #require(Step(stored: try JSONDocument(parsing: text).root))
        #expect(step.references?.map { $0.map { "\($0.column)=\($0.reference.text)" } } == entry.expected)
    }
}
