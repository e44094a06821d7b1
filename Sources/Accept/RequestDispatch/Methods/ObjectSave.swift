// SPDX-License-Identifier: MIT
import JSON
import ReentrantTransactions
import WireProtocol

/// `object.save`, `.create`, `.save_if_not_exists` `{kind, id, fields, unique?, transaction_id?}` -> `{outcome, duplicate}`
struct ObjectSave: Method {
    enum Verb: String {
        case save = "object.save"
        case create = "object.create"
        case saveIfNotExists = "object.save_if_not_exists"
    }

    let name: String
    let isOrdered = true
    private let verb: Verb

    init(_ verb: Verb) {
        self.verb = verb
        name = verb.rawValue
    }

    func call(_ params: Params, _ context: RequestContext) async throws(WireError) -> [UInt8] {
        let key = try params.objectKey()
        let fields = try params.objectFields()
        let unique = try params.uniqueFields()
        let request = try params.objectRequest(name)
        await context.runAlone()
        do {
            return try await context.session.scope.run(bytes: 0) { core in
                let objects = context.services.objects.with(core)
                return switch verb {
                case .save: try await objects.save(key, fields, unique: unique, request: request)
                case .create: try await objects.create(key, fields, unique: unique, request: request)
                case .saveIfNotExists:
                    try await objects.saveIfNotExists(key, fields, unique: unique, request: request)
                }
            }.jsonBytes
        } catch {
            throw WireError(error as any Error)
        }
    }
}

extension ObjectResult {
    /// `{outcome, duplicate}`
    var jsonBytes: [UInt8] {
        json(capacity: 48) { writer in
            writer.beginObject()
            writer.member("outcome", outcome.rawValue)
            writer.member("duplicate", isDuplicate)
            writer.endObject()
        }
    }
}
