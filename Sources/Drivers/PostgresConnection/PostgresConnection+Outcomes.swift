// SPDX-License-Identifier: MIT
#if Postgres
import CLibPQ

extension PostgresConnection {
    /// The outcome of the next queued statement. Throws when the connection is of no more use.
    public func next() throws(PostgresError) -> PostgresOutcome {
        while true {
            let outcome: PostgresOutcome
            switch take() {
            case .prepare(let sql):
                switch try read() {
                case .done: break
                case .failed(let error):
                    names.forget(sql)
                    prepareError = error
                case .skipped: names.forget(sql)
                }
                continue
            case .quiet:
                _ = try read()
                continue
            case .execute(let sql):
                outcome = checked(try read(), of: sql)
            case .sync: preconditionFailure("A pipeline has as many outcomes as statements.")
            }
            if let error = prepareError {
                prepareError = nil
                return .failed(error)
            }
            return outcome
        }
    }

    /// Takes what is left of the pipeline, up to its ``sync()``.
    public func finishSync() throws(PostgresError) {
        while true {
            switch take() {
            case .sync:
                try readSync()
                prepareError = nil
                return
            case .prepare(let sql):
                if case .done = try read() { continue }
                names.forget(sql)
            case .execute, .quiet: _ = try read()
            }
        }
    }

    /// A statement that was prepared before its table changed says so with the code of a missing feature; one that
    /// somebody deallocated, with a code of its own.
    private func checked(_ outcome: PostgresOutcome, of sql: String?) -> PostgresOutcome {
        guard case .failed(var error) = outcome, let sql else { return outcome }
        if error.code == "0A000" || error.code == "26000" {
            error.isStalePlan = names.isOld(sql)
            names.forget(sql)
            return .failed(error)
        }
        if error.mayComeOfOldTypes, names.isOld(sql) {
            doubtsStatements = true
            names.giveUp(sql)
        }
        return outcome
    }

    private func take() -> Entry {
        precondition(entriesTaken < entries.count, "A pipeline has as many outcomes as statements.")
        let entry = entries[entriesTaken]
        entriesTaken += 1
        if entriesTaken == entries.count {
            entries.removeAll(keepingCapacity: true)
            entriesTaken = 0
        }
        return entry
    }

    /// One result and the null behind it.
    private func read() throws(PostgresError) -> PostgresOutcome {
        var outcome: PostgresOutcome?
        while true {
            try awaitResult()
            guard let result = PQgetResult(handle) else {
                if let outcome { return outcome }
                guard PQstatus(handle) == CONNECTION_OK else { throw lost() }
                continue
            }
            switch PQresultStatus(result) {
            case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY:
                outcome = .done(PostgresResult(result))
            case PGRES_PIPELINE_ABORTED:
                PQclear(result)
                outcome = .skipped
            default:
                let error = try failure(result)
                outcome = .failed(error)
            }
        }
    }

    private func readSync() throws(PostgresError) {
        while true {
            try awaitResult()
            guard let result = PQgetResult(handle) else {
                guard PQstatus(handle) == CONNECTION_OK else { throw lost() }
                continue
            }
            if PQresultStatus(result) == PGRES_PIPELINE_SYNC {
                PQclear(result)
                return
            }
            _ = try failure(result)
        }
    }

    /// The error in a result. Throws what ends the connection: FATAL, PANIC, or no answer of a server at all.
    private func failure(_ result: OpaquePointer) throws(PostgresError) -> PostgresError {
        defer { PQclear(result) }
        guard let code = field(result, UInt8(ascii: "C")) else { throw lost() }
        let severity = field(result, UInt8(ascii: "V"))
        var error = PostgresError(code: code, endsConnection: severity != "ERROR")
        // Of what the server tells beside the code only names: its texts show values.
        error.constraint = field(result, UInt8(ascii: "n")) ?? field(result, UInt8(ascii: "c"))
        guard error.endsConnection else { return error }
        close()
        throw error
    }

    private func field(_ result: OpaquePointer, _ code: UInt8) -> String? {
        PQresultErrorField(result, Int32(code)).map { String(cString: $0) }
    }

    private func lost() -> PostgresError {
        close()
        return .lost
    }

    /// Sends what is queued and takes in what comes, until a result is complete.
    private func awaitResult() throws(PostgresError) {
        guard let handle else { throw .lost }
        // Without a socket there is nothing to wait for: the rest of what came is in the results.
        while PQisBusy(handle) == 1, PQsocket(handle) >= 0 {
            let isSending = PQflush(handle) == 1
            switch wait.wait(PQsocket(handle), reading: true, writing: isSending) {
            case .ready: break
            case .silent:
                close()
                throw .silent
            case .interrupted:
                close()
                throw .interrupted
            }
            // False at the end of the stream: what the server said before it is still to be read.
            if PQconsumeInput(handle) == 0 { return }
        }
    }
}
#endif
