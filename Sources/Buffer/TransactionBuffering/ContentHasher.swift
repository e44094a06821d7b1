// SPDX-License-Identifier: MIT
import JSON
import TransactionModel

/// The hash by which a repeat is known: SHA-256 of the transaction as the client sent it, compact, members sorted by
/// their bytes, numbers as they were written.
enum ContentHasher {
    static func hash(_ transaction: JSONView) -> ContentHash {
        transaction.withCanonicalText { SHA256.hash(UnsafeRawBufferPointer($0)) }
    }
}
