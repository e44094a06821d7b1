// SPDX-License-Identifier: MIT
import SeededRandom
import Testing

@testable import TransactionModel

@Suite struct SHA256Tests {
    /// FIPS 180-4 examples and the lengths around a block.
    static let vectors: [(text: String, digest: String)] = [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
        (
            "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
            "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
        ),
    ]

    @Test("the published examples", arguments: vectors)
    func published(vector: (text: String, digest: String)) {
        #expect(SHA256.hash(Array(vector.text.utf8)).hexadecimal == vector.digest)
    }

    @Test func `a million times the letter a`() {
        let digest = SHA256.hash(Array(repeating: UInt8(ascii: "a"), count: 1_000_000))
        #expect(digest.hexadecimal == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    }

    /// Lengths around the ends of a block and of its padding, computed with another implementation.
    @Test(
        "the letter b, so many times",
        arguments: [
            (1, "3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d"),
            (55, "eb2c86e932179f4ba13fe8715a26124b77d6bad290b9b4c1cc140cf633300c19"),
            (56, "a5fc6e203a4c2b657d0d153885932414b2ffc6a93f0f8bf8b3183315e5a7212c"),
            (57, "2dd0a6d14520f410e18bd2f443f0ff2e7389dfaf9242bb9257730fc190e8085d"),
            (63, "94e419fabac7f930810f9636354042f8c1426d2f834d4ab65c93dc1e69326b13"),
            (64, "a0fab1377f49a759b57f63318262ebe89fabfc990e8e93ceac2984561482b9d4"),
            (65, "74b128f30cf83de43ddf4aafc40c7b50a7443d3c73a89a7cfca17e15e43d51ab"),
            (119, "68297a9eb141ce16bbc0847da1c0c48e2858704feaa13993bde29f87a198a6e1"),
            (120, "392add47fbaa8197a874ebe770a947a26dd6f2becce5f64688cc4d18c9da93bd"),
            (121, "b3d4aa37fc3d26185655a12717758fe46929684c0c11f18f9ee36186ba323284"),
            (127, "7bdbefa63b6989e6a15abad9d52c0770bce07182a535b9a1b3d4c0e38c8b0856"),
            (128, "70ae1c5307f5250d5cb9e40742ba9613fcdf9b8d9eb6dd393330443b2d5effbd"),
            (129, "75c76be2aed2772327536dc2fa8759d16cbe7dc9c535954d7d1e05a11bdd3fc6"),
        ])
    func padding(entry: (count: Int, digest: String)) {
        #expect(SHA256.hash(Array(repeating: UInt8(ascii: "b"), count: entry.count)).hexadecimal == entry.digest)
    }

    /// Where the processor has no such instructions both are the same code.
    @Test func `with and without the processor's instructions the digest is the same`() {
        var random = SeededGenerator(seed: 7)
        for count in 0..<400 {
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            #expect(bytes.withUnsafeBytes { SHA256.hash($0, isAccelerated: false) } == SHA256.hash(bytes))
        }
    }
}
