// SPDX-License-Identifier: MIT
import JSON
import Testing

@Suite("The public parsing corpus", .enabled(if: Corpus.folder != nil, "\(Corpus.skipReason)"))
struct CorpusTests {
    @Test("accepts every y_ text, except the two with duplicate names")
    func accepted() throws {
        let texts = try Corpus.texts("y_")
        #expect(texts.count > 90)
        var duplicates = 0
        for (name, bytes) in texts {
            if name.hasPrefix("y_object_duplicated_key") {
                duplicates += 1
                let error = #expect(throws: JSONError.self, "\(name)") { try JSONDocument(parsing: bytes) }
                #expect(error?.code == .duplicateName)
            } else {
                #expect(throws: Never.self, "\(name)") { try JSONDocument(parsing: bytes) }
            }
        }
        #expect(duplicates == 2)
    }

    @Test("refuses every n_ text")
    func refused() throws {
        let texts = try Corpus.texts("n_")
        #expect(texts.count > 180)
        for (name, bytes) in texts {
            let error = #expect(throws: JSONError.self, "\(name)") { try JSONDocument(parsing: bytes) }
            #expect((0...bytes.count).contains(error?.offset ?? -1), "\(name)")
        }
    }

    @Test("survives every text, and reads back what it accepts")
    func survives() throws {
        let texts = try Corpus.texts("")
        #expect(try Corpus.texts("i_").count > 30)
        for (_, bytes) in texts { bytes.withUnsafeBytes { fuzzJSON($0) } }
    }
}
