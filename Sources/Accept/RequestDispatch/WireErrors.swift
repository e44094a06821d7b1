// SPDX-License-Identifier: MIT
import Keyspace
import ReentrantTransactions
import SmartQueries
import TransactionBuffering
import WireProtocol

/// The rooms' errors as wire errors.
extension WireError {
    init(_ error: BufferingError) {
        let kind: WireErrorKind =
            switch error.code {
            case .validationFailed: .validationFailed
            case .transactionConflict: .transactionConflict
            case .bufferFull: .bufferFull
            case .busy: .busy
            case .storeUnavailable: .storeUnavailable
            case .outcomeUnknown: .outcomeUnknown
            case .notFound: .notFound
            case .notCancellable: .notCancellable
            case .invalidParameter: .invalidParams
            case .operationMode: .operationModeError
            case .conflictingContext: .conflictingContext
            case .internalError: .internalError
            }
        // A fault's message is a sentence whose subject is the place; others are whole.
        let lacksSubject = kind == .validationFailed || kind == .invalidParams
        let subject = lacksSubject && error.message.first?.isLowercase == true ? error.path : nil
        let message = subject.map { "\($0) \(error.message.withoutFullStop)." } ?? error.message.capitalizedSentence
        self.init(kind, message, retryAfter: error.retryAfter, path: error.path)
    }

    init(_ error: RecallError) {
        switch error {
        case .buffering(let error): self.init(error)
        case .databaseUnavailable(let reason), .schemaChanged(let reason):
            self.init(
                .databaseUnavailable,
                "This read needs the main database, or the replica where there is one: \(reason.withoutFullStop).",
                retryAfter: .seconds(1))
        case .staleRead(let message):
            self.init(.staleRead, message.capitalizedSentence, retryAfter: .milliseconds(100))
        case .tooLarge(let message): self.init(.resultTooLarge, message.capitalizedSentence)
        }
    }

    /// Of a keyspace operation.
    init(_ error: any Error) {
        switch error {
        case let error as WireError: self = error
        case let error as BufferingError: self.init(error)
        case let error as TransactionError:
            switch error.code {
            case .conflictingContext: self.init(.conflictingContext, error.message)
            case .commandRefused, .discarded:
                if let refusal = error.refusal {
                    self.init(refusal)
                } else {
                    self.init(.operationModeError, error.message, detail: "discarded")
                }
            case .blockFull: self.init(.busy, error.message, retryable: false, detail: "scope_commands_max")
            case .operationMode, .scopeClosed, .futureUnresolved, .aborted, .failed:
                self.init(.operationModeError, error.message)
            }
        case let error as ObjectError: self.init(error)
        case let error as CommandError: self.init(error)
        case let error as KeyspaceError:
            let kind: WireErrorKind =
                switch error.code {
                case .unavailable, .connectionLost, .incompatible: .storeUnavailable
                case .busy: .busy
                case .full: .bufferFull
                case .outcomeUnknown: .outcomeUnknown
                }
            self.init(
                kind, error.message.capitalizedSentence,
                retryAfter: error.code == .busy ? KeyspaceAccess.retryAfterBusy : nil)
        default: self.init(.internalError, "An unexpected failure: \(type(of: error)).")
        }
    }

    init(_ error: ObjectError) {
        switch error.code {
        case .exists: self.init(.recordExists, error.description)
        case .valueTaken(let field):
            self.init(.recordExists, error.description, path: "fields." + String(decoding: field, as: UTF8.self))
        case .empty: self.init(.invalidParams, error.description, path: "fields")
        case .requestConflict: self.init(.transactionConflict, error.description, path: "transaction_id")
        case .contended: self.init(.busy, error.description, retryAfter: KeyspaceAccess.retryAfterBusy)
        }
    }

    /// A command's own failure.
    init(_ error: CommandError) {
        if error.isUnsupported {
            self.init(
                .unsupportedCommand, "This command is not supported; the README lists those that are.",
                detail: error.prefix)
        } else if error == .tooLarge {
            self = RequestContext.resultTooLarge
        } else if error.prefix == "NOPERM" {
            self.init(.permissionDenied, error.message.capitalizedSentence, detail: error.prefix)
        } else {
            self.init(.keyspaceError, error.message.capitalizedSentence, detail: error.prefix)
        }
    }
}

extension String {
    var withoutFullStop: Substring { hasSuffix(".") ? dropLast() : self[...] }

    var capitalizedSentence: String {
        let sentence = prefix(1).uppercased() + dropFirst()
        return sentence.hasSuffix(".") ? sentence : sentence + "."
    }
}
