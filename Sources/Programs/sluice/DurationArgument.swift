// SPDX-License-Identifier: MIT
import ArgumentParser
import Daemon

/// A duration on the command line, in the form that settings have.
enum DurationArgument {
    static func parse(_ text: String) throws -> Duration {
        guard let duration = DurationText.parse(text) else {
            throw ValidationError("It takes \(DurationText.form).")
        }
        return duration
    }
}
