// SPDX-License-Identifier: MIT
import JSON
import Testing
import TransactionModel

@testable import TransactionBuffering

/// Every rule of a transaction, with the place that its violation names.
@Suite struct ValidationTests {
    typealias Fault = (text: String, path: String)

    private static let step = Samples.step
    private static func one(_ operation: String, _ model: String, _ rest: String) -> String {
        Samples.steps(Samples.step(operation, model, rest))
    }

    private static let base = #""id":"x""#

    @Test(
        "members of a transaction",
        arguments: [
            ("[]", "transaction"), ("{}", "steps"), (#"{"steps":[]}"#, "steps"), (#"{"steps":{}}"#, "steps"),
            (#"{"steps":[1]}"#, "steps[0]"), (#"{"step":1}"#, "step"),
            (#"{"ordering_key":1,"steps":[]}"#, "ordering_key"),
            (#"{"ordering_key":"\#(String(repeating: "k", count: 257))","steps":[]}"#, "ordering_key"),
            (#"{"endpoint":"\#(String(repeating: "k", count: 1025))","steps":[]}"#, "endpoint"),
            (#"{"metadata":[],"steps":[]}"#, "metadata"), (#"{"retry":1,"steps":[]}"#, "retry"),
            (#"{"retry":{"max_attempts":0},"steps":[]}"#, "retry.max_attempts"),
            (#"{"retry":{"attempts":3},"steps":[]}"#, "retry.attempts"),
            (#"{"retry":{"max_attempts":101},"steps":[]}"#, "retry.max_attempts"),
            (#"{"retry":{"max_attempts":"3"},"steps":[]}"#, "retry.max_attempts"),
        ] as [Fault])
    func members(fault: Fault) { expect(fault) }

    @Test(
        "what an upsert leaves of a record that is there can't be referred to",
        arguments: [
            (#""data":{"id":"x","name":"a"}"#, "flag", false), (#""data":{"id":"x","name":"a"}"#, "name", true),
            (#""data":{"id":"x","name":"a","code":"c"},"conflict":["code"]"#, "code", true),
        ])
    func upserted(entry: (rest: String, column: String, isKnown: Bool)) {
        let text = Samples.steps(
            Samples.step("upsert", "t", entry.rest, id: "u"),
            Samples.step("create", "pair", #""data":{"a":"y","b":1,"v":{"$ref":"u.\#(entry.column)"}}"#, id: "c"))
        if entry.isKnown {
            #expect(throws: Never.self) { try Samples.build(text) }
        } else {
            let fault = #expect(throws: ValidationFault.self) { try Samples.build(text) }
            #expect(fault?.path == "steps[1].data.v.$ref" || fault?.path == "steps[1].data.v", "\(fault?.path ?? "")")
        }
    }

    @Test(
        "members of a step",
        arguments: [
            (#"{"steps":[{"operation":"create","model":"t"}]}"#, "steps[0].step_id"),
            (#"{"steps":[{"step_id":"a b","operation":"create","model":"t"}]}"#, "steps[0].step_id"),
            (
                #"{"steps":[{"step_id":"\#(String(repeating: "x", count: 65))","operation":"create","model":"t"}]}"#,
                "steps[0].step_id"
            ),
            (#"{"steps":[{"step_id":"a","operation":"insert","model":"t"}]}"#, "steps[0].operation"),
            (#"{"steps":[{"step_id":"a","operation":"create","model":""}]}"#, "steps[0].model"),
            (one("create", "nowhere", #""data":{}"#), "steps[0].model"),
            (one("create", "keyless", #""data":{}"#), "steps[0].model"),
            (one("create", "t", #""data":1"#), "steps[0].data"),
            (one("create", "t", #""depends_on":[]"#), "steps[0].data"),
            (one("create", "t", #""data":{},"id":"x""#), "steps[0].id"),
            (one("delete", "t", #""id":"x","data":{}"#), "steps[0].data"),
            (one("update", "t", #""data":{}"#), "steps[0].id"),
            (one("update", "t", #""id":null,"data":{}"#), "steps[0].id"),
            (one("bulk_create", "t", #""data":{}"#), "steps[0].data"),
            (one("bulk_create", "t", #""rows":[]"#), "steps[0].rows"),
            (one("bulk_create", "t", #""depends_on":[]"#), "steps[0].rows"),
            (one("bulk_create", "t", #""rows":[1]"#), "steps[0].rows[0]"),
            (one("bulk_update", "t", #""rows":[{"id":"x","data":{},"z":1}]"#), "steps[0].rows[0].z"),
            (one("bulk_update", "t", #""rows":[{"data":{}}]"#), "steps[0].rows[0].id"),
            (one("bulk_update", "t", #""rows":[{"id":"x"}]"#), "steps[0].rows[0].data"),
            (one("query", "t", #""optional":true"#), "steps[0].where"),
            (one("query", "t", #""where":{"z":1}"#), "steps[0].where.z"),
            (one("query", "t", #""where":{},"optional":1"#), "steps[0].optional"),
            (one("create", "t", #""data":{},"depends_on":1"#), "steps[0].depends_on"),
            (one("create", "t", #""data":{},"depends_on":[1]"#), "steps[0].depends_on[0]"),
            (one("upsert", "t", #""data":{},"conflict":[]"#), "steps[0].conflict"),
            (one("upsert", "t", #""data":{},"conflict":["name"]"#), "steps[0].conflict"),
            (one("upsert", "t", #""data":{},"conflict":["code","name"]"#), "steps[0].conflict"),
            (Samples.steps(Samples.step("delete", "t", base), Samples.step("delete", "t", base)), "steps[1].step_id"),
        ] as [Fault])
    func stepMembers(fault: Fault) { expect(fault) }

    @Test(
        "values",
        arguments: [
            (one("create", "t", #""data":{"name":1}"#), "steps[0].data.name"),
            (one("create", "t", #""data":{"name":null}"#), "steps[0].data.name"),
            (one("create", "t", #""data":{}"#), "steps[0].data.name"),
            (one("create", "t", #""data":{"name":"a","n":1.5}"#), "steps[0].data.n"),
            (one("create", "always", #""data":{"id":1}"#), "steps[0].data.id"),
            (one("upsert", "always", #""data":{"id":1,"n":1}"#), "steps[0].data.id"),
            (one("bulk_create", "always", #""rows":[{"n":1},{"id":1}]"#), "steps[0].rows[1].id"),
            (one("create", "t", #""data":{"name":"a","flag":1}"#), "steps[0].data.flag"),
            (one("create", "t", #""data":{"name":"a","raw":"x"}"#), "steps[0].data.raw"),
            (one("create", "t", #""data":{"name":"a","raw":{"$bytes":"!"}}"#), "steps[0].data.raw"),
            (one("create", "t", #""data":{"name":"a","doc":{"$x":1}}"#), "steps[0].data.doc"),
            (one("create", "t", #""data":{"name":"a","day":"2026-02-30"}"#), "steps[0].data.day"),
            (one("create", "t", #""data":{"name":"a","at":"yesterday"}"#), "steps[0].data.at"),
            (one("create", "t", #""data":{"name":"a","u":"x"}"#), "steps[0].data.u"),
            (one("create", "t", #""data":{"name":"a","kind":"c"}"#), "steps[0].data.kind"),
            (one("create", "t", #""data":{"name":"a","list":["x"]}"#), "steps[0].data.list"),
            (one("create", "t", #""data":{"name":"a","sum":1}"#), "steps[0].data.sum"),
            (one("create", "t", #""data":{"name":"a","zzz":1}"#), "steps[0].data.zzz"),
            (one("create", "pair", #""data":{"a":"x"}"#), "steps[0].data.b"),
            (one("create", "given", #""data":{}"#), "steps[0].data.id"),
            (one("update", "t", #""id":1,"data":{}"#), "steps[0].id"),
            (one("update", "t", #""id":{"id":"x"},"data":{}"#), "steps[0].id"),
            (one("update", "t", #""id":"x","data":{"id":"y"}"#), "steps[0].data.id"),
            (one("update", "pair", #""id":"x","data":{}"#), "steps[0].id"),
            (one("update", "pair", #""id":{"$ref":"other#p.id"},"data":{}"#), "steps[0].id"),
            (one("update", "pair", #""id":{"a":"x"},"data":{}"#), "steps[0].id.b"),
            (one("update", "pair", #""id":{"a":"x","b":"1"},"data":{}"#), "steps[0].id.b"),
            (one("update", "pair", #""id":{"a":"x","b":1,"c":1},"data":{}"#), "steps[0].id.c"),
            (one("update", "given", #""id":1.5,"data":{}"#), "steps[0].id"),
            (one("increment", "t", #""id":"x","data":{"name":1}"#), "steps[0].data.name"),
            (one("increment", "t", #""id":"x","data":{"n":null}"#), "steps[0].data.n"),
            (one("increment", "t", #""id":"x","data":{"n":"1"}"#), "steps[0].data.n"),
            (one("bulk_create", "pair", #""rows":[{"a":"x","b":1},{"a":"x","b":"2"}]"#), "steps[0].rows[1].b"),
            (one("bulk_update", "pair", #""rows":[{"id":{"a":"x","b":1},"data":{"v":1}}]"#), "steps[0].rows[0].data.v"),
        ] as [Fault])
    func values(fault: Fault) { expect(fault) }

    private static let parent = Samples.step("create", "t", #""data":{"name":"a"}"#, id: "p")
    private static func child(_ reference: String) -> String {
        Samples.step("create", "auto", #""data":{"t":{"$ref":"\#(reference)"}}"#, id: "c")
    }

    @Test(
        "references",
        arguments: [
            (Samples.steps(child("nobody.id")), "steps[0].data.t"), (Samples.steps(child("c.id")), "steps[0].data.t"),
            (Samples.steps(parent, child("p.nothing")), "steps[1].data.t"),
            (Samples.steps(parent, child("p[0].id")), "steps[1].data.t"),
            (Samples.steps(parent, child("p.flag")), "steps[1].data.t"),
            (Samples.steps(child("other#s.name")), "steps[0].data.t"),
            (
                Samples.steps(Samples.step("bulk_create", "t", #""rows":[{"name":"a"}]"#, id: "p"), child("p.id")),
                "steps[1].data.t"
            ),
            (
                Samples.steps(Samples.step("bulk_create", "t", #""rows":[{"name":"a"}]"#, id: "p"), child("p[1].id")),
                "steps[1].data.t"
            ),
            (Samples.steps(Samples.step("query", "t", #""where":{}"#, id: "p"), child("p[0].id")), "steps[1].data.t"),
            (Samples.steps(Samples.step("query", "t", #""where":{}"#, id: "p"), child("p.zzz")), "steps[1].data.t"),
            (
                Samples.steps(Samples.step("delete", "pair", #""id":{"a":"x","b":1}"#, id: "p"), child("p.id")),
                "steps[1].data.t"
            ),
            (
                Samples.steps(
                    Samples.step("increment", "t", #""id":"x","data":{"n":1}"#, id: "p"),
                    Samples.step("create", "auto", #""data":{"n":{"$ref":"p.n"}}"#, id: "c")), "steps[1].data.n"
            ),
            (Samples.steps(Samples.step("delete", "t", #""id":"x","depends_on":["z"]"#)), "steps[0].depends_on[0]"),
            (
                Samples.steps(
                    Samples.step("delete", "t", #""id":"x","depends_on":["b"]"#, id: "a"),
                    Samples.step("delete", "t", #""id":"x","depends_on":["a"]"#, id: "b")), "steps[0]"
            ),
        ] as [Fault])
    func references(fault: Fault) { expect(fault) }

    @Test(
        "without a schema only creates that carry their ids",
        arguments: [
            (one("update", "t", #""id":"x","data":{}"#), "steps[0].operation"),
            (one("create", "t", #""data":{}"#), "steps[0].data.id"),
            (one("create", "t", #""data":{"id":1.5}"#), "steps[0].data.id"),
            (one("bulk_create", "t", #""rows":[{"id":1},{}]"#), "steps[0].rows[1].id"),
            (Samples.steps(Samples.step("create", "t", #""data":{"id":1,"x":{"$ref":"z.id"}}"#)), "steps[0].data.x"),
        ] as [Fault])
    func withoutSchema(fault: Fault) { expect(fault, schema: nil) }

    @Test func `limits of steps and rows`() throws {
        let many = (0...1000).map { Samples.step("delete", "t", Self.base, id: "s\($0)") }
        expect((#"{"steps":[\#(many.joined(separator: ","))]}"#, "steps"))
        let rows = Array(repeating: "{\"name\":\"a\"}", count: 10_001).joined(separator: ",")
        expect((Self.one("bulk_create", "t", #""rows":[\#(rows)]"#), "steps"))
        #expect(throws: Never.self) {
            try Samples.build(#"{"steps":[\#(many.dropLast().joined(separator: ","))]}"#)
        }
    }

    @Test func `only an unknown name asks for another look at the schema`() {
        for (text, isStale) in [
            (Self.one("create", "nowhere", #""data":{}"#), true), (Self.one("create", "t", #""data":{"zzz":1}"#), true),
            (Self.one("create", "t", #""data":{"name":1}"#), false), ("{}", false),
        ] {
            let fault = #expect(throws: ValidationFault.self) { try Samples.build(text) }
            #expect(fault?.maySchemaBeStale == isStale, "\(text)")
        }
    }

    @Test func `no message holds a value`() {
        for operation in ["create", "upsert"] {
            let fault = #expect(throws: ValidationFault.self) {
                try Samples.build(Self.one(operation, "t", #""data":{"name":"a","u":"s3cret"}"#))
            }
            #expect(fault?.message.contains("s3cret") == false)
        }
    }

    private func expect(_ fault: Fault, schema: Schema? = Samples.schema) {
        let found = #expect(throws: ValidationFault.self, "\(fault.text.prefix(200))") {
            try Samples.build(fault.text, schema: schema)
        }
        #expect(found?.path == fault.path, "\(fault.text.prefix(200))")
    }
}
