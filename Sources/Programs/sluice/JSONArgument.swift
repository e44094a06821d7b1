// SPDX-License-Identifier: MIT
import ArgumentParser
import JSON

/// An argument that is JSON text.
struct JSONArgument: ExpressibleByArgument {
    let value: JSONValue

    init?(argument: String) {
        do throws(JSONError) {
            value = try JSONValue(parsing: argument)
        } catch {
            return nil
        }
    }
}

/// A record's id: an object by column if it is one, otherwise the text itself.
struct RecordID: ExpressibleByArgument {
    let value: JSONValue

    init?(argument: String) {
        guard argument.hasPrefix("{") else {
            value = .string(argument)
            return
        }
        guard let object = JSONArgument(argument: argument)?.value, object.object != nil else { return nil }
        value = object
    }
}
