// SPDX-License-Identifier: MIT

/// The error table. `proto-json/errors.json` holds the same with words for people; a test compares them.
///
/// Clients decide by kind. The first five codes are JSON-RPC's own; the others count down from -32000 in this order,
/// so a new kind is appended and none is ever moved.
public enum WireErrorKind: String, Sendable, Hashable, CaseIterable {
    case parseError = "parse_error"
    case invalidRequest = "invalid_request"
    case methodNotFound = "method_not_found"
    case invalidParams = "invalid_params"
    case internalError = "internal_error"

    case bufferFull = "buffer_full"
    case busy
    case storeUnavailable = "store_unavailable"
    case outcomeUnknown = "outcome_unknown"
    case transactionConflict = "transaction_conflict"
    case notFound = "not_found"
    case validationFailed = "validation_failed"
    case operationModeError = "operation_mode_error"
    case conflictingContext = "conflicting_context"
    case recordExists = "record_exists"
    case unsupportedCommand = "unsupported_command"
    case permissionDenied = "permission_denied"
    case deadlineExceeded = "deadline_exceeded"
    case frameError = "frame_error"
    case unsupportedProtocol = "unsupported_protocol"
    case staleRead = "stale_read"
    case databaseUnavailable = "database_unavailable"
    case notCancellable = "not_cancellable"
    case keyspaceError = "keyspace_error"
    case resultTooLarge = "result_too_large"

    public var code: Int {
        switch self {
        case .parseError: -32700
        case .invalidRequest: -32600
        case .methodNotFound: -32601
        case .invalidParams: -32602
        case .internalError: -32603
        case .bufferFull: -32000
        case .busy: -32001
        case .storeUnavailable: -32002
        case .outcomeUnknown: -32003
        case .transactionConflict: -32004
        case .notFound: -32005
        case .validationFailed: -32006
        case .operationModeError: -32007
        case .conflictingContext: -32008
        case .recordExists: -32009
        case .unsupportedCommand: -32010
        case .permissionDenied: -32011
        case .deadlineExceeded: -32012
        case .frameError: -32013
        case .unsupportedProtocol: -32014
        case .staleRead: -32015
        case .databaseUnavailable: -32016
        case .notCancellable: -32017
        case .keyspaceError: -32018
        case .resultTooLarge: -32019
        }
    }

    /// Whether the same request, sent again unchanged, may succeed.
    public var isRetryable: Bool {
        switch self {
        case .bufferFull, .busy, .storeUnavailable, .outcomeUnknown, .deadlineExceeded, .staleRead,
            .databaseUnavailable:
            true
        case .parseError, .invalidRequest, .methodNotFound, .invalidParams, .internalError, .transactionConflict,
            .notFound, .validationFailed, .operationModeError, .conflictingContext, .recordExists, .unsupportedCommand,
            .permissionDenied, .frameError, .unsupportedProtocol, .notCancellable, .keyspaceError, .resultTooLarge:
            false
        }
    }
}
