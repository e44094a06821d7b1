// SPDX-License-Identifier: MIT

/// Why an object was not written. Nothing was done.
public struct ObjectError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Code: Sendable, Hashable {
        /// An object of this kind and id exists.
        case exists
        /// Another object of this kind has the value of this unique field.
        case valueTaken(field: [UInt8])
        /// A new object needs a field with a value: the store keeps no empty hash.
        case empty
        /// The id of the request was used before with other content.
        case requestConflict
        /// Others changed what was read, again and again; try again in a moment.
        case contended
    }

    public var code: Code

    public init(_ code: Code) { self.code = code }

    /// One sentence that a person can act on, without values and keys.
    public var description: String {
        switch code {
        case .exists: "An object of this kind and id exists."
        case .valueTaken: "Another object of this kind has this value in a unique field."
        case .empty: "A new object needs at least one field with a value."
        case .requestConflict: "The id of this request was used before with other content."
        case .contended: "Others keep changing this object or its unique values; try again."
        }
    }
}
