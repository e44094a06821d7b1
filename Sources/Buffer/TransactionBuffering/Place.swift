// SPDX-License-Identifier: MIT
import JSON

/// A place in a transaction, as `steps[1].rows[0].data.name`. Spelled out only when something is wrong there.
struct Place {
    var step: Int
    /// Index into `rows` of a bulk step.
    var row: Int?
    /// Member of the step or row.
    var part: StaticString?
    /// Member of the part.
    var name: JSONView?
    /// Element of the part.
    var index: Int?

    func part(_ part: StaticString) -> Place { Place(step: step, row: row, part: part) }

    func named(_ name: JSONView) -> Place { Place(step: step, row: row, part: part, name: name) }

    var text: String {
        var text = "steps[\(step)]"
        if let row { text += ".rows[\(row)]" }
        if let part { text += ".\(part)" }
        if let name { text += ".\(name.string ?? "")" }
        if let index { text += "[\(index)]" }
        return text
    }
}

extension ValidationFault {
    init(_ place: Place, _ message: String, maySchemaBeStale: Bool = false) {
        self.init(place.text, message, maySchemaBeStale: maySchemaBeStale)
    }
}
