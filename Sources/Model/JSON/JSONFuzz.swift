// SPDX-License-Identifier: MIT

/// Parses any bytes; where they are accepted, checks that writing and parsing again changes nothing.
///
/// The body of a libFuzzer target: `LLVMFuzzerTestOneInput` passes its buffer on. A broken promise is a precondition
/// failure, which the fuzzer reports with its input.
public func fuzzJSON(_ bytes: UnsafeRawBufferPointer) {
    guard let document = try? JSONDocument(parsing: Array(bytes)) else { return }
    let value = document.root.value()
    precondition((try? JSONValue(parsing: value.bytes)) == .some(value), "a value written and read again is the same")
    var writer = JSONWriter(capacity: bytes.count)
    writer.raw(document.root)
    precondition((try? JSONValue(parsing: writer.bytes)) == .some(value), "a value's own text reads as that value")
    writer.reset()
    writer.canonical(document.root)
    precondition((try? JSONValue(parsing: writer.bytes)) == .some(value), "the canonical form reads as that value")
    fuzzAccessors(document.root)
}

/// Every accessor of every view answers without trapping.
private func fuzzAccessors(_ view: JSONView) {
    precondition(document(of: view), "a view's text is a document of its own")
    _ = (view.int64, view.double, view.bytesValue, view.isNull)
    for element in view.elements { fuzzAccessors(element) }
    for (name, value) in view.members {
        let found = view.member(name.string ?? "")
        precondition(found?.offset == value.offset, "a member is found by its name")
        fuzzAccessors(value)
    }
}

/// Checked for scalars only: for containers it would be quadratic in the depth.
private func document(of view: JSONView) -> Bool {
    view.kind == .array || view.kind == .object || (try? JSONDocument(parsing: Array(view.rawBytes))) != nil
}
